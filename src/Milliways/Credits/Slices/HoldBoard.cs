using System.Globalization;
using Milliways.Storage;

namespace Milliways.Credits.Slices;

/// <summary>A hold that others can see.</summary>
internal readonly record struct PublishedHold(long Epoch, string RequestId, Guid Team, Guid Key, long Ticks, DateTimeOffset Since);

/// <summary>Open holds of all servers in the table <c>open_holds</c>: each server writes what has changed of its own. Nothing is decided by them.</summary>
internal sealed class HoldBoard
{
    /// <summary>This server's name on it: machine and process.</summary>
    public static readonly string Here = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}/{Environment.ProcessId}");

    private readonly Dictionary<(long Epoch, string RequestId), PublishedHold> _published = [];

    /// <summary>What is to be written for the table to be as given; <see cref="Done"/> when it was.</summary>
    public (List<PublishedHold> Changed, List<PublishedHold> Gone) Changes(IReadOnlyCollection<PublishedHold> open)
    {
        var now = open.Select(hold => (hold.Epoch, hold.RequestId)).ToHashSet();
        return ([.. open.Where(hold => !_published.TryGetValue((hold.Epoch, hold.RequestId), out var known) || known != hold)],
            [.. _published.Values.Where(hold => !now.Contains((hold.Epoch, hold.RequestId)))]);
    }

    public void Done(IEnumerable<PublishedHold> changed, IEnumerable<PublishedHold> gone)
    {
        foreach (var hold in changed)
            _published[(hold.Epoch, hold.RequestId)] = hold;
        foreach (var hold in gone)
            _published.Remove((hold.Epoch, hold.RequestId));
    }

    public static bool Write(DatabaseSession session, IReadOnlyList<PublishedHold> changed, IReadOnlyList<PublishedHold> gone) => session.Transact(() =>
    {
        foreach (var hold in gone)
            session.Execute("DELETE FROM open_holds WHERE epoch = $epoch AND request_id = $request", ("$epoch", hold.Epoch), ("$request", hold.RequestId));
        foreach (var hold in changed)
            session.Execute(
                """
                INSERT INTO open_holds (epoch, request_id, team, key_id, ticks, since, replica) VALUES ($epoch, $request, $team, $key, $ticks, $since, $replica)
                ON CONFLICT (epoch, request_id) DO UPDATE SET ticks = excluded.ticks
                """, ("$epoch", hold.Epoch), ("$request", hold.RequestId), ("$team", hold.Team.ToString("N")), ("$key", hold.Key.ToString("D")), ("$ticks", hold.Ticks),
                ("$since", hold.Since.ToUnixTimeMilliseconds()), ("$replica", Here));
        return true;
    });

    public static List<(PublishedHold Hold, string Replica)> Read(DatabaseSession session) => session.Query(
        "SELECT epoch, request_id, team, key_id, ticks, since, replica FROM open_holds",
        row => (new PublishedHold(row.GetInt64(0), row.GetString(1), Guid.ParseExact(row.GetString(2), "N"), Guid.ParseExact(row.GetString(3), "D"), row.GetInt64(4), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5))), row.GetString(6)));
}
