using System.CommandLine;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Milliways.Credits;
using Milliways.Hosting.Configuration;
using Milliways.Secrets;
using Milliways.Logs;
using Milliways.Storage;
using Milliways.Teams;
using Milliways.Upstreams;

namespace Milliways.Hosting.Admin;

/// <summary>The options that every command on a data directory has.</summary>
internal sealed record DoorOptions(Option<string?> Data, Option<string?> Database, Option<bool> Json, Option<string?> Config)
{
    public static DoorOptions Create() => new(CommonOptions.Data(), CommonOptions.Database(), CommonOptions.Json(), CommonOptions.Config());

    /// <summary>A command with these options among its own.</summary>
    public Command Command(string name, string description, params ReadOnlySpan<Symbol> more)
    {
        var command = new Command(name, description) { Data, Database, Json, Config };
        foreach (var symbol in more)
            if (symbol is Option option)
                command.Options.Add(option);
            else
                command.Arguments.Add((Argument)symbol);
        return command;
    }
}

/// <summary>
/// How a command reaches an installation: through the socket of the server that holds the data directory's lock, or, when there is none, by taking the lock
/// and opening the database here. So nobody ever writes beside a server's back.
/// </summary>
internal static class AdminDoor
{
    /// <summary>A server that starts or stops, or another command: each is done in a moment.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs a command and prints its answer, as JSON or as <paramref name="print"/> says it.</summary>
    /// <exception cref="UserErrorException">What went wrong, in one sentence.</exception>
    public static async Task<int> RunAsync<TRequest, TAnswer>(
        ParseResult parsed, DoorOptions options, AdminCommand<TRequest, TAnswer> command, TRequest request, Action<TAnswer> print, Func<TAnswer, int>? exitCode = null)
    {
        var answer = await AskAsync(
            CommonOptions.Database(parsed.GetValue(options.Database), parsed.GetValue(options.Data)), command.Name, JsonSerializer.SerializeToUtf8Bytes(request, command.Request), parsed.GetValue(options.Config));
        var read = JsonSerializer.Deserialize(answer, command.Answer)!;
        if (parsed.GetValue(options.Json))
            Console.WriteLine(System.Text.Encoding.UTF8.GetString(answer));
        else
            print(read);
        return exitCode?.Invoke(read) ?? ExitCode.Done;
    }

    /// <summary>The answer as JSON, from whoever holds the installation.</summary>
    internal static Task<byte[]> AskAsync(string data, string name, byte[] request) => AskAsync(DatabaseAddress.Files(data), name, request);

    /// <summary>PostgreSQL is written directly: it keeps writers apart itself, and running servers hear of the change within a second.</summary>
    internal static async Task<byte[]> AskAsync(DatabaseAddress address, string name, byte[] request, string? config = null)
    {
        if (address.Postgres is not null)
            return await RunHereAsync(address, name, request, config);
        var directory = Path.GetFullPath(address.Directory);
        var file = Path.Combine(directory, "ledger.db");
        var socket = AdminSocketPath.Of(Path.Combine(directory, "run"));
        // The directory of a server on PostgreSQL has no database in it, and a socket all the same.
        if (!File.Exists(file) && !File.Exists(socket))
            throw new UserErrorException($"There is no installation in {directory}: start the server once, or name another directory with --data.");
        for (var started = TimeProvider.System.GetTimestamp(); ;)
        {
            if (File.Exists(socket) && await AskServerAsync(socket, name, request) is { } answer)
                return answer;
            using var held = DataDirectory.TryOpen(directory, Environment.ProcessId);
            if (held is not null)
                return await RunHereAsync(address, name, request, config);
            if (TimeProvider.System.GetElapsedTime(started) > Patience)
                throw new UserErrorException($"The data directory {directory} is held by a process that takes no commands{Holder(directory)}: wait for its end, or stop it.");
            await Task.Delay(Pause);
        }
    }

    /// <summary>Null when nobody listens there.</summary>
    private static async Task<byte[]?> AskServerAsync(string socket, string name, byte[] request)
    {
        if (!AdminSocketPath.IsPrivate(socket))
            throw new UserErrorException($"The folder of the admin socket {socket} can be written by others: take that right away.");
        using var client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancel) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancel);
                    return new NetworkStream(connection, ownsSocket: true);
                }
                catch
                {
                    connection.Dispose();
                    throw;
                }
            },
        });
        using var message = new HttpRequestMessage(HttpMethod.Post, UpstreamAddress.Parse("http://admin").At("/" + name.Replace(' ', '/'))) { Content = new ByteArrayContent(request) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        HttpResponseMessage answer;
        try
        {
            answer = await client.SendAsync(message, CancellationToken.None);
        }
        catch (HttpRequestException unreachable) when (unreachable.InnerException is SocketException)
        {
            return null; // left by a process that was killed
        }
        using (answer)
        {
            var body = await answer.Content.ReadAsByteArrayAsync();
            if (answer.IsSuccessStatusCode)
                return body;
            var refusal = JsonSerializer.Deserialize(body, AdminJson.Default.AdminRefusal)!;
            throw Error(refusal.Problem, refusal.Message);
        }
    }

    private static async Task<byte[]> RunHereAsync(DatabaseAddress address, string name, byte[] request, string? config)
    {
        await using var database = LedgerDatabase.Open(address);
        var services = new ServiceCollection();
        services.AddSingleton(TimeProvider.System).AddSingleton(database);
        services.AddSingleton(_ => new ConfigState(ConfigFile.Load(CommonOptions.ConfigFile(config), address.Directory, Environment.GetEnvironmentVariable)));
        services.AddSingleton(provider => OpenBooks(address, database, provider.GetRequiredService<ConfigState>().InEffect.Credits));
        services.AddSingleton(_ => new SecretBox(MasterSecret.Ensure(database, Path.Combine(address.Directory, DataDirectory.SecretName), Environment.GetEnvironmentVariable)));
        services.AddLogStore(address);
        CommandServices.Add(services);
        await using var provider = services.BuildServiceProvider();
        try
        {
            return await provider.GetRequiredService<AdminCommands>().RunAsync(name, OperatorActor.Instance, request);
        }
        catch (CommandException refused)
        {
            throw Error(refused.Problem, refused.Message);
        }
    }

    /// <summary>Commands about money need what a server would have: the journal's charges in the books, and the rules of the configuration. In PostgreSQL all is decided.</summary>
    private static Bookkeeping OpenBooks(DatabaseAddress address, LedgerDatabase database, CreditsConfig credits)
    {
        if (address.Postgres is not null)
            return Bookkeeping.OpenBeside(database, () => credits, TimeProvider.System, NullLoggerFactory.Instance);
        return Bookkeeping.Open(database, Path.Combine(address.Directory, "charges.journal"), () => credits, TimeProvider.System, NullLoggerFactory.Instance);
    }

    private static UserErrorException Error(CommandProblem problem, string message) =>
        new(message, problem == CommandProblem.Invalid ? ExitCode.Usage : ExitCode.Failed);

    private static string Holder(string directory) =>
        Path.Combine(directory, "run", "pid") is var file && File.Exists(file) ? $" (process {File.ReadAllText(file).Trim()})" : "";
}
