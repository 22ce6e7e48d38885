using System.Globalization;
using System.Text;
using Milliways.Storage;

namespace Milliways.Limits.Sharing;

/// <summary>
/// Decides in the database, one team at a time over all servers, by the database's clock. What is in a window is the sum of the rows that have not left it;
/// a booking made at <c>t</c> is in it up to, and not at, <c>t + length</c>.
/// </summary>
internal static class ShareStore
{
    /// <summary>A server that was not seen for so long holds no slots any more; it has stopped handing them out long before. In milliseconds.</summary>
    public const long LostMilliseconds = 20_000;

    /// <summary>In microseconds.</summary>
    public const long Second = 1_000_000;

    /// <summary>Rows of one statement.</summary>
    private const int MostRows = 16;

    /// <summary>Waits are told exactly for so many refusals of a transaction; the others are told as the last of them.</summary>
    private const int MostWaits = 8;

    private const int MostForgotten = 1000;

    /// <summary>Within a transaction; may be run twice.</summary>
    /// <param name="isSteady">The database could be reached for long enough that whoever lives was seen by it; else the slots of all count that have not ended.</param>
    /// <exception cref="ShareEpochException">This server is not known to live.</exception>
    public static ShareOutcome Decide(DatabaseSession session, SharePlan plan, TimeProvider time, bool isSteady = true)
    {
        var team = plan.Team.ToString("D");
        LockTeam(session, team);
        var now = session.Microseconds(time); // after the lock: whoever had it was earlier
        Store(session, team, plan.Rows.ConvertAll(row => new Row(row.Booking, row.Scope, row.Amount, row.Until != 0 ? row.Until : now + (row.Booking.Window.Seconds * Second))));
        Store(session, team, [.. plan.Windows.Where(one => one.Covered > 0 && one.StaysOpen).Select(one => RowOf(one, one.Covered, now))]);
        var state = State.Read(session, plan, team, now, isSteady);
        var waiters = Admit(session, plan, team, now, state);
        Extend(plan, state);
        Store(session, team, [.. plan.Windows.Select((one, i) => (one, More: state.Windows[i].Given + state.Windows[i].Extra)).Where(each => each.More > 0)
            .Select(each => RowOf(each.one, each.one.Covered + each.More, now))]);
        for (var i = 0; i < plan.Slots.Count; i++)
            StoreSlots(session, team, plan, plan.Slots[i].Scope.Text, plan.Slots[i].Held + state.Slots[i].Given + state.Slots[i].Extra);
        return new ShareOutcome(now, state.Servers, state.Windows, state.Slots, waiters);
    }

    /// <summary>Deletes what counts nowhere any more, in small portions.</summary>
    /// <returns>Whether there may be more of it.</returns>
    public static bool Forget(DatabaseSession session, TimeProvider time)
    {
        var now = session.Microseconds(time);
        session.Execute("DELETE FROM limit_slots WHERE held = 0 OR epoch IN (SELECT epoch FROM epochs WHERE ended IS NOT NULL)");
        return session.Execute(
            $"DELETE FROM limit_bookings WHERE (epoch, serial) IN (SELECT epoch, serial FROM limit_bookings WHERE until <= $now ORDER BY until LIMIT {MostForgotten})", ("$now", now)) == MostForgotten;
    }

    private static void LockTeam(DatabaseSession session, string team)
    {
        while (session.Query("SELECT team FROM limit_teams WHERE team = $team" + session.ForUpdate, row => true, ("$team", team)).Count == 0)
            session.Execute("INSERT INTO limit_teams (team) VALUES ($team) ON CONFLICT (team) DO NOTHING", ("$team", team));
    }

    /// <summary>First come, first served; each under all of its limits or none.</summary>
    private static DecidedWaiter[] Admit(DatabaseSession session, SharePlan plan, string team, long now, State state)
    {
        var decided = new DecidedWaiter[plan.Waiters.Count];
        var waits = 0;
        for (var i = 0; i < decided.Length; i++)
        {
            var waiter = plan.Waiters[i];
            var worst = new DecidedWaiter(IsAdmitted: true, -1, -1, 0, 0, 0);
            foreach (var (place, missing, amount) in waiter.Windows)
            {
                ref var window = ref state.Windows[place];
                if (missing <= window.Free)
                    continue;
                var excess = missing - window.Free;
                if (state.Waits[place] == 0 || (state.Excess[place] != excess && waits < MostWaits))
                {
                    (state.Waits[place], state.Excess[place]) = (WaitFor(session, plan.Windows[place], team, excess, now), excess);
                    waits++;
                }
                if (state.Waits[place] > worst.Wait)
                    worst = new DecidedWaiter(IsAdmitted: false, place, -1, amount, plan.Windows[place].Limit - window.Free, state.Waits[place]);
            }
            foreach (var place in waiter.Slots)
                if (state.Slots[place].Free < 1 && Second > worst.Wait)
                    worst = new DecidedWaiter(IsAdmitted: false, -1, place, 0, plan.Slots[place].Limit!.Value - state.Slots[place].Free, Second);
            decided[i] = worst;
            if (!worst.IsAdmitted)
                continue;
            foreach (var (place, missing, _) in waiter.Windows)
                (state.Windows[place].Free, state.Windows[place].Given) = (state.Windows[place].Free - missing, state.Windows[place].Given + missing);
            foreach (var place in waiter.Slots)
                (state.Slots[place].Free, state.Slots[place].Given) = (state.Slots[place].Free - 1, state.Slots[place].Given + 1);
        }
        return decided;
    }

    /// <summary>More than the need is given while there is plenty, so that the last of a limit is decided request by request.</summary>
    private static void Extend(SharePlan plan, State state)
    {
        for (var i = 0; i < plan.Windows.Count; i++)
        {
            ref var window = ref state.Windows[i];
            window.Extra = Math.Clamp(window.Free / (2 * state.Servers), 0, plan.Windows[i].Wanted);
            window.Free -= window.Extra;
            if (window.Given + window.Extra > 0)
                window.EmptyIn = plan.Windows[i].Window.Seconds * Second;
        }
        for (var i = 0; i < plan.Slots.Count; i++)
        {
            ref var slots = ref state.Slots[i];
            slots.Extra = Math.Clamp(slots.Free / (2 * state.Servers), 0, plan.Slots[i].Wanted);
            slots.Free -= slots.Extra;
        }
    }

    /// <summary>Microseconds until so much has left the window, when nothing else comes; at most its length.</summary>
    private static long WaitFor(DatabaseSession session, PlannedWindow window, string team, long excess, long now)
    {
        var length = window.Window.Seconds * Second;
        var until = session.Query(
            """
            SELECT until FROM (
              SELECT until, SUM(amount) OVER (ORDER BY until, epoch, serial) AS passed FROM limit_bookings
              WHERE team = $team AND scope = $scope AND measure = $measure AND until > $now) AS ends
            WHERE passed >= $excess ORDER BY until LIMIT 1
            """,
            row => row.GetInt64(0), ("$team", team), ("$scope", window.Scope), ("$measure", (long)window.Window.Measure), ("$now", now), ("$excess", excess));
        return until is [var end] ? Math.Min(end - now, length) : length;
    }

    /// <summary>What may be used later than now leaves the window so much later.</summary>
    private static Row RowOf(PlannedWindow one, long amount, long now) =>
        new(one.Row, one.Scope, amount, now + ((one.Window.Seconds + (one.StaysOpen ? one.Window.LeaseSeconds : 0)) * Second));

    private static void Store(DatabaseSession session, string team, List<Row> rows)
    {
        for (var at = 0; at < rows.Count; at += MostRows)
        {
            var some = rows.GetRange(at, Math.Min(MostRows, rows.Count - at));
            var sql = new StringBuilder("INSERT INTO limit_bookings (epoch, serial, team, scope, measure, amount, until) VALUES ");
            var values = new List<(string, object?)> { ("$team", team) };
            for (var i = 0; i < some.Count; i++)
            {
                var row = some[i];
                sql.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? "" : ", ")}($epoch{i}, $serial{i}, $team, $scope{i}, $measure{i}, $amount{i}, $until{i})");
                values.AddRange([
                    ($"$epoch{i}", row.Booking.Epoch), ($"$serial{i}", row.Booking.Serial), ($"$scope{i}", row.Scope),
                    ($"$measure{i}", (long)row.Booking.Window.Measure), ($"$amount{i}", row.Amount), ($"$until{i}", row.Until)]);
            }
            sql.Append(" ON CONFLICT (epoch, serial) DO UPDATE SET amount = excluded.amount, until = excluded.until");
            session.Execute(sql.ToString(), [.. values]);
        }
    }

    private static void StoreSlots(DatabaseSession session, string team, SharePlan plan, string scope, long held) => session.Execute(
        "INSERT INTO limit_slots (team, scope, epoch, held) VALUES ($team, $scope, $epoch, $held) ON CONFLICT (team, scope, epoch) DO UPDATE SET held = excluded.held",
        ("$team", team), ("$scope", scope), ("$epoch", plan.Epoch), ("$held", held));

    private readonly record struct Row(SharedBooking Booking, string Scope, long Amount, long Until);

    /// <summary>What is counted, and what is decided on the way.</summary>
    private sealed class State(SharePlan plan)
    {
        public DecidedWindow[] Windows { get; } = [.. plan.Windows.Select(one => new DecidedWindow(0, 0, one.Limit, 0))];

        public DecidedSlots[] Slots { get; } = [.. plan.Slots.Select(one => new DecidedSlots(0, 0, (one.Limit ?? 0) - one.Held))];

        public long[] Waits { get; } = new long[plan.Windows.Count];

        public long[] Excess { get; } = new long[plan.Windows.Count];

        public int Servers { get; private set; } = 1;

        public static State Read(DatabaseSession session, SharePlan plan, string team, long now, bool isSteady)
        {
            var state = new State(plan);
            var scopes = plan.Windows.Select(one => one.Scope).Concat(plan.Slots.Select(one => one.Scope.Text)).Distinct().ToList();
            if (scopes.Count == 0)
                return state;
            // Few texts for any number of scopes: they are padded with the last one.
            var room = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)scopes.Count);
            var places = string.Join(", ", Enumerable.Range(0, room).Select(i => string.Create(CultureInfo.InvariantCulture, $"$scope{i}")));
            var sql = $"""
                SELECT 0, scope, measure, CAST(SUM(amount) AS BIGINT), MAX(until) FROM limit_bookings
                WHERE team = $team AND scope IN ({places}) AND until > $now GROUP BY scope, measure
                UNION ALL SELECT 1, s.scope, 0, CAST(SUM(s.held) AS BIGINT), 0 FROM limit_slots s JOIN epochs e ON e.epoch = s.epoch
                WHERE s.team = $team AND s.scope IN ({places}) AND s.epoch <> $epoch AND e.ended IS NULL AND e.seen > $lost GROUP BY s.scope
                UNION ALL SELECT 2, '', COUNT(*), SUM(CASE WHEN epoch = $epoch AND seen > $fresh THEN 1 ELSE 0 END), 0 FROM epochs WHERE ended IS NULL AND seen > $since
                """;
            var milliseconds = now / 1000;
            (string, object?)[] values =
            [
                ("$team", team), .. Enumerable.Range(0, room).Select(i => ($"$scope{i}", (object?)scopes[Math.Min(i, scopes.Count - 1)])), ("$now", now), ("$epoch", plan.Epoch),
                ("$since", milliseconds - LostMilliseconds), ("$lost", isSteady ? milliseconds - LostMilliseconds : 0), ("$fresh", milliseconds - (long)Epochs.Life.TotalMilliseconds),
            ];
            foreach (var (kind, scope, measure, sum, last) in session.Query(sql, row => (row.GetInt32(0), row.GetString(1), row.GetInt64(2), row.IsDBNull(3) ? 0 : row.GetInt64(3), row.GetInt64(4)), values))
                state.Take(plan, now, kind, scope, measure, sum, last);
            return state;
        }

        private void Take(SharePlan plan, long now, int kind, string scope, long measure, long sum, long last)
        {
            if (kind == 0 && plan.Windows.FindIndex(one => one.Scope == scope && (long)one.Window.Measure == measure) is >= 0 and var window)
                (Windows[window].Free, Windows[window].EmptyIn) = (Windows[window].Free - sum, Math.Min(last - now, plan.Windows[window].Window.Seconds * Second));
            else if (kind == 1 && plan.Slots.FindIndex(one => one.Scope.Text == scope) is >= 0 and var slots)
                Slots[slots].Free -= sum;
            else if (kind == 2)
            {
                Servers = Math.Max(1, (int)measure);
                // Slots of a server that is not known to live would count for nobody.
                if (sum == 0 && plan.Slots.Count > 0)
                    throw new ShareEpochException();
            }
        }
    }
}

/// <summary>This server was not heard of for so long that it may hold nothing: it will be, or begin anew, in a few seconds.</summary>
internal sealed class ShareEpochException() : Exception("This server is not known to live.");
