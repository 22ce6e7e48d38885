namespace Milliways.Routing;

/// <summary>
/// The routing in effect: a whole table and its router, replaced together when the configuration changes. Whoever reads it twice in one piece of work takes
/// <see cref="Current"/> once; an exchange keeps the attempts it was given.
/// </summary>
internal sealed class LiveRouting(RoutingTable table, Func<RoutingTable, Router> newRouter)
{
    private volatile Snapshot _current = new(table, newRouter(table));

    public Snapshot Current => _current;

    public RoutingTable Table => _current.Table;

    public Router Router => _current.Router;

    public void Replace(RoutingTable next) => _current = new Snapshot(next, newRouter(next));

    /// <summary>What belongs together.</summary>
    internal sealed record Snapshot(RoutingTable Table, Router Router);
}
