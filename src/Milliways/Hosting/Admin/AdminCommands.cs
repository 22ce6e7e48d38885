using System.Text.Json;
using Milliways.Teams;

namespace Milliways.Hosting.Admin;

/// <summary>Adds a capability's operations to the registry.</summary>
internal interface IAdminCommandSet
{
    void AddTo(AdminCommands commands);
}

/// <summary>
/// All operations of the command line by name. To add one:
/// <list type="number">
/// <item>two records, request and answer, in the capability's <c>JsonSerializerContext</c> (snake_case);</item>
/// <item>a shared <c>static readonly AdminCommand&lt;TRequest, TAnswer&gt; Show = new("credits show", Json.Default.ShowRequest, Json.Default.Balance);</c></item>
/// <item>in the capability's <see cref="IAdminCommandSet"/>: <c>commands.Add(Show, (actor, request) => credits.Show(actor, request.Team));</c></item>
/// <item>in the capability's command: <c>AdminDoor.RunAsync(parsed, options, Show, new ShowRequest(...), answer => print)</c>;</item>
/// <item>once for each capability: a line in <see cref="CommandServices"/>.</item>
/// </list>
/// A handler may block (the database does): it is always called on a thread of the pool. It throws <see cref="CommandException"/> for what whoever asked can
/// put right.
/// </summary>
internal sealed class AdminCommands
{
    private delegate ValueTask<byte[]> Handler(Actor actor, ReadOnlyMemory<byte> request);

    private readonly Dictionary<string, Handler> _handlers = new(StringComparer.Ordinal);

    public AdminCommands(IEnumerable<IAdminCommandSet> sets)
    {
        foreach (var set in sets)
            set.AddTo(this);
    }

    public IReadOnlyCollection<string> Names => _handlers.Keys;

    public void Add<TRequest, TAnswer>(AdminCommand<TRequest, TAnswer> command, Func<Actor, TRequest, TAnswer> handle) =>
        AddAsync(command, (actor, request) => ValueTask.FromResult(handle(actor, request)));

    public void AddAsync<TRequest, TAnswer>(AdminCommand<TRequest, TAnswer> command, Func<Actor, TRequest, ValueTask<TAnswer>> handle) =>
        _handlers.Add(command.Name, async (actor, json) =>
        {
            var request = JsonSerializer.Deserialize(json.Span, command.Request) ?? throw new JsonException("The request is null.");
            return JsonSerializer.SerializeToUtf8Bytes(await handle(actor, request), command.Answer);
        });

    /// <summary>The answer as JSON.</summary>
    /// <exception cref="CommandException">No such command, a request that is none, or what the command refuses.</exception>
    public async ValueTask<byte[]> RunAsync(string name, Actor actor, ReadOnlyMemory<byte> request)
    {
        if (!_handlers.TryGetValue(name, out var handle))
            throw new CommandException(CommandProblem.Invalid, $"The server has no command \"{name}\": it is of another version than this executable.");
        // Handlers block on the database, and whoever calls may be the thread of a socket.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            return await handle(actor, request);
        }
        catch (JsonException broken)
        {
            throw new CommandException(CommandProblem.Invalid, $"The request of \"{name}\" cannot be read: {broken.Message}");
        }
    }
}
