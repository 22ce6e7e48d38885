using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Milliways.Credits.Pricing;
using Milliways.Engines;
using Milliways.Hosting.Configuration;
using Milliways.Routing;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Hosting;

/// <summary>A server made ready: started, it says where it listens; disposed, it has given back its data directory.</summary>
internal sealed class MilliwaysServer(
    WebApplication app, ServeOptions options, ListenPorts ports, MilliwaysConfig config, DataDirectory data, ServerAddress address, Team team, string? firstKey) : IAsyncDisposable
{
    public ServerAddress Address => address;

    public Team Team => team;

    /// <summary>On the first start of a data directory only.</summary>
    public string? FirstKey => firstKey;

    public IServiceProvider Services => app.Services;

    /// <exception cref="UserErrorException">An address is taken or cannot be listened on.</exception>
    public async Task StartAsync()
    {
        var log = app.Services.GetRequiredService<ILogger<MilliwaysServer>>();
        foreach (var warning in config.Warnings.Concat(app.Services.GetRequiredService<LiveRouting>().Table.Upstreams.Warnings)
            .Concat(app.Services.GetService<PriceWarnings>()?.All() ?? []))
            log.LogWarning("Configuration: {Warning}", warning);
        try
        {
            await app.StartAsync();
        }
        catch (IOException taken) when (taken.InnerException is AddressInUseException)
        {
            throw IsOfGrpc(taken)
                ? new UserErrorException($"The address {options.GrpcUrls} for gRPC is taken by another program: stop that one, or choose another with --grpc-urls http://127.0.0.1:PORT (0 takes a free port, none does without).", inner: taken)
                : new UserErrorException($"The address {options.Urls} is taken by another program: stop that one, or choose another with --urls http://127.0.0.1:PORT (0 takes a free port).", inner: taken);
        }
        catch (SocketException unusable)
        {
            throw new UserErrorException($"The address {options.Urls}{(ports.Grpc.Count > 0 ? $" or {options.GrpcUrls}" : "")} cannot be listened on ({unusable.Message}): choose another with --urls{(ports.Grpc.Count > 0 ? " or --grpc-urls" : "")}.", inner: unusable);
        }
        SayWhere([.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses]);
        FirstStart.Showing(data);
        if (options.ReadyFile is not null)
        {
            WriteReadyFile(options.ReadyFile);
            FirstStart.Shown(data);
        }
        if (!options.Quiet)
            await Console.Out.WriteAsync(Banner.Text(
                address, team.Account, firstKey, app.Services.GetRequiredService<LiveRouting>().Table, app.Services.GetRequiredService<EmbeddedModels>(), data.Path));
        FirstStart.Shown(data);
    }

    public Task WaitForShutdownAsync() => app.WaitForShutdownAsync();

    public Task StopAsync() => app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        // Made before the container, so not the container's to dispose; asked for while the container still answers.
        var (database, stored) = (app.Services.GetRequiredService<LedgerDatabase>(), app.Services.GetRequiredService<StoredDatabase>());
        await app.DisposeAsync();
        await stored.DisposeAsync();
        await database.DisposeAsync();
        data.Dispose();
    }

    /// <summary>Kestrel lists them in the order in which they were opened.</summary>
    private void SayWhere(string[] bound)
    {
        address.Http = bound[0];
        address.Grpc = ports.Grpc.Count > 0
            ? ports.Grpc[0].IsLocalhost ? bound[ports.Http.Count].Replace("localhost", "127.0.0.1", StringComparison.Ordinal) : bound[ports.Http.Count]
            : Array.Find(bound, one => one.StartsWith("https:", StringComparison.Ordinal));
    }

    /// <summary>Kestrel names the address that it could not have in its text alone.</summary>
    private bool IsOfGrpc(IOException taken) => ports.Grpc.Exists(address => taken.Message.Contains(string.Create(System.Globalization.CultureInfo.InvariantCulture, $":{address.Port}:"), StringComparison.Ordinal)
        || taken.Message.Contains(string.Create(System.Globalization.CultureInfo.InvariantCulture, $":{address.Port} "), StringComparison.Ordinal));

    private void WriteReadyFile(string file)
    {
        try
        {
            ReadyFile.Write(file, new ReadyFacts(address.Http, address.Grpc, address.Http + "/", team.Account, firstKey, Setup: null, Environment.ProcessId));
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"The ready file {file} cannot be written ({unwritable.Message.TrimEnd('.')}): correct --ready-file.", inner: unwritable);
        }
    }
}
