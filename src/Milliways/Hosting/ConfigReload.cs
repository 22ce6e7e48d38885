using Milliways.Exchanges;
using Milliways.Hosting.Configuration;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Hosting;

/// <summary>
/// Takes a changed configuration file without a restart (contract: within 5 s). A whole routing table is made and swapped; what runs keeps the old one, whose
/// connections are closed when the last of it has ended. A broken file changes nothing: the last good one stays in effect, and the log and /readyz say why.
/// </summary>
internal sealed class ConfigReload(
    ServeOptions options, ConfigState state, ConfigWatch watch, Func<string, string?> environment, Func<MilliwaysConfig, RoutingTable> newTable, LiveRouting routing,
    UpstreamClients clients, OpenExchanges open, HostGuard hosts, TimeProvider time, ILogger<ConfigReload> log) : BackgroundService
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Beat, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            if (watch.HasChanged(state.InEffect))
                Reload();
    }

    /// <summary>What was told last of a file that is not taken: a file that is saved again as it was is no news.</summary>
    private string? _told;

    private void Reload()
    {
        try
        {
            if (state.InEffect.File is { } file && !File.Exists(file))
                throw new UserErrorException($"The configuration file {file} is gone.", ExitCode.Usage);
            var config = ServeHost.LoadConfig(options, environment);
            var before = state.InEffect;
            var table = newTable(config);
            routing.Replace(table);
            hosts.Allow(config.Security.AllowedHosts);
            state.Take(config);
            _told = null;
            watch.Accept(config);
            _ = RetireAsync(table);
            Tell(before, config, table);
        }
        catch (Exception broken) when (broken is UserErrorException or IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            state.Refuse(broken is UserErrorException { Places: { Count: > 0 } places } ? places : [broken.Message]);
            var problem = broken is UserErrorException { Problems: { Count: > 0 } problems } ? string.Join("; ", problems) : broken.Message;
            if (problem == _told)
                return;
            _told = problem;
            log.LogError("The changed configuration is not taken, the last good one stays in effect until this is corrected: {Problem}", problem);
        }
    }

    private void Tell(MilliwaysConfig before, MilliwaysConfig config, RoutingTable table)
    {
        log.LogInformation("The changed configuration {File} is in effect", config.File);
        foreach (var warning in config.Warnings.Concat(table.Upstreams.Warnings))
            log.LogWarning("Configuration: {Warning}", warning);
        if (before.Engine != config.Engine)
            log.LogWarning("Configuration: engine: a change takes effect at the next start");
        if (before.Grpc != config.Grpc || before.Tls != config.Tls)
            log.LogWarning("Configuration: grpc, tls: a change takes effect at the next start");
    }

    /// <summary>Closes the connections that only the old table had, when nobody can use them any more.</summary>
    private async Task RetireAsync(RoutingTable table)
    {
        var retired = clients.Retire(table.Upstreams.All.Select(upstream => upstream.Client));
        if (retired.Count == 0)
            return;
        await open.WhenEndedAsync();
        foreach (var client in retired)
            client.Dispose();
    }
}
