using System.Globalization;
using Milliways.Storage;

namespace Milliways.Teams;

/// <summary>One change. <see cref="Before"/> and <see cref="After"/> are JSON objects without secrets.</summary>
internal sealed record AuditEntry(long Seq, DateTimeOffset Time, string Actor, Guid? Team, string Action, string Object, string? Before, string? After);

/// <summary>Every change that a command made: written in the change's own transaction, never changed, and kept when what it tells of is gone.</summary>
internal sealed class AuditLog(LedgerDatabase database, TimeProvider time)
{
    /// <summary>Call it inside of the transaction of the change.</summary>
    public void Write(Actor actor, Guid? team, string action, string @object, string? before = null, string? after = null)
    {
        database.Execute("UPDATE counters SET value = value + 1 WHERE name = 'audit'");
        database.Execute(
            "INSERT INTO audit (seq, time, actor, team, action, object, old_state, new_state) SELECT value, $time, $actor, $team, $action, $object, $before, $after FROM counters WHERE name = 'audit'",
            ("$time", time.GetUtcNow().ToUnixTimeMilliseconds()), ("$actor", actor.Word), ("$team", team?.ToString("N")), ("$action", action), ("$object", @object),
            ("$before", before), ("$after", after));
    }

    /// <summary>The newest first; those before a sequence number, when one is given.</summary>
    /// <param name="team">Null: of all teams.</param>
    public IReadOnlyList<AuditEntry> List(Guid? team, int most, long? before)
    {
        var (where, parameters) = ("WHERE seq < $before", new List<(string, object?)> { ("$before", before ?? long.MaxValue), ("$most", most) });
        if (team is { } one)
        {
            where += " AND team = $team";
            parameters.Add(("$team", one.ToString("N")));
        }
        return database.Query(
            $"SELECT seq, time, actor, team, action, object, old_state, new_state FROM audit {where} ORDER BY seq DESC LIMIT $most",
            row => new AuditEntry(row.GetInt64(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)), row.GetString(2),
                row.IsDBNull(3) ? null : Guid.ParseExact(row.GetString(3), "N"), row.GetString(4), row.GetString(5),
                row.IsDBNull(6) ? null : row.GetString(6), row.IsDBNull(7) ? null : row.GetString(7)),
            [.. parameters]);
    }

    /// <exception cref="CommandException">The team's own log, or everybody's for the operator.</exception>
    public IReadOnlyList<AuditEntry> List(Actor actor, Guid? team, int most, long? before)
    {
        if (team is { } one)
            actor.Demand(Right.SeeAudit, one, "read the audit log");
        else if (actor is not OperatorActor)
            throw new CommandException(CommandProblem.Forbidden, "Only the operator reads the audit log of all teams: name a team.");
        return most is >= 1 and <= 1000
            ? List(team, most, before)
            : throw new CommandException(CommandProblem.Invalid, string.Create(CultureInfo.InvariantCulture, $"limit must be from 1 to 1000, not {most}."));
    }
}
