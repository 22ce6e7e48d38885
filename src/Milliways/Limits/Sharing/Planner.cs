using Milliways.Limits.Counting;

namespace Milliways.Limits.Sharing;

/// <summary>What a transaction is told and what becomes of its answer. Under the lock of the team.</summary>
internal static class Planner
{
    public static SharePlan Plan(SharePlan plan, IReadOnlyCollection<SharedScope> scopes, List<ShareWaiter> waiters, int servers)
    {
        var wanted = waiters.SelectMany(waiter => waiter.Held).Select(one => one.Scope!).ToHashSet();
        foreach (var scope in scopes)
        {
            foreach (var window in scope.Windows)
                window?.Roll(plan.Sent, servers, isWanted: window.Limit is not null && wanted.Contains(scope));
            var hadToTell = scope.Slots.IsOutdated(plan.Epoch, plan.Sent);
            scope.Slots.Roll(plan.Sent, servers);
            if (hadToTell || scope.Slots.IsOutdated(plan.Epoch, plan.Sent) || (scope.Slots.Limit is not null && wanted.Contains(scope)))
                plan.Slots.Add(new PlannedSlots(scope, null, 0, 0));
        }
        var needs = waiters.ConvertAll(waiter => Reserve(waiter, plan.Sent));
        var places = new Dictionary<SharedWindow, int>();
        foreach (var scope in scopes)
            foreach (var window in scope.Windows)
                if (window is not null)
                    Add(plan, window, wanted.Contains(scope), places);
        for (var i = 0; i < plan.Slots.Count; i++)
        {
            var (scope, slots) = (plan.Slots[i].Scope, plan.Slots[i].Scope.Slots);
            plan.Slots[i] = new PlannedSlots(scope, slots.Limit, slots.Held, Math.Max(0, slots.Target - (slots.Held - slots.Open)));
        }
        for (var i = 0; i < waiters.Count; i++)
            plan.Waiters.Add(new PlannedWaiter(
                waiters[i], needs[i].Windows.ConvertAll(need => (places[need.Window], need.Missing, need.Amount)), needs[i].Slots.ConvertAll(scope => plan.Slots.FindIndex(one => one.Scope == scope))));
        return plan;
    }

    public static void Apply(SharePlan plan, ShareOutcome outcome, ShareClock clock, long now)
    {
        for (var i = 0; i < plan.Windows.Count; i++)
        {
            var (planned, decided) = (plan.Windows[i], outcome.Windows[i]);
            var window = planned.Window;
            window.Learn(decided.Free, clock.OfMicroseconds(decided.EmptyIn), now);
            var row = planned.Row;
            row.Covered += decided.Given;
            if (planned.StaysOpen && planned.Version == window.Version)
                (row.Covered, row.ValidUntil) = (row.Covered + decided.Extra, clock.Lease(plan.Sent, window.LeaseSeconds));
        }
        for (var i = 0; i < plan.Slots.Count; i++)
        {
            var (planned, decided) = (plan.Slots[i], outcome.Slots[i]);
            planned.Scope.Slots.Learn(plan.Epoch, planned.Held + decided.Given + decided.Extra, decided.Given + decided.Extra, decided.Free, clock.Lease(plan.Sent, ShareClock.LeaseSeconds));
        }
    }

    /// <summary>Notes which rows the database has, after everybody who waited has been told.</summary>
    public static void Confirm(SharePlan plan, ShareOutcome outcome)
    {
        foreach (var row in plan.Rows)
            row.Booking.Window.Stored(row.Booking, row.Amount, row.Until != 0 ? row.Until : End(row.Booking.Window));
        for (var i = 0; i < plan.Windows.Count; i++)
        {
            var (planned, more) = (plan.Windows[i], outcome.Windows[i].Given + outcome.Windows[i].Extra);
            if (more > 0 || (planned.StaysOpen && planned.Covered > 0))
                planned.Window.Stored(planned.Row, planned.Covered + more, End(planned.Window));
        }

        long End(SharedWindow window) => outcome.Now + (window.Seconds * ShareStore.Second);
    }

    /// <summary>Gives somebody who waited what was missing.</summary>
    public static void Fill(ref ShareHold one)
    {
        for (var i = 0; i < Measures.Windows; i++)
            if (one.Bookings[i] is { } booking)
                booking.Used += one.Missing[i];
        if (one.IsSlotMissing)
            one.Scope!.Slots.Enter();
    }

    /// <summary>Why somebody was refused; those who come next are told so too, for a while.</summary>
    public static LimitHit Explain(SharePlan plan, in DecidedWaiter decided, ShareClock clock, long now)
    {
        var wait = Math.Max(1, clock.OfMicroseconds(decided.Wait));
        if (decided.Window < 0)
        {
            var slots = plan.Slots[decided.Slots];
            slots.Scope.Slots.Refused(now);
            return new LimitHit(slots.Scope.Kind, Measure.Concurrent, decided.Used, slots.Limit!.Value, wait);
        }
        var window = plan.Windows[decided.Window];
        window.Window.Refused(decided.Amount, wait, now);
        return new LimitHit(window.Window.Scope.Kind, window.Window.Measure, decided.Used, window.Limit, wait);
    }

    /// <summary>Takes what is here, and says what is missing.</summary>
    private static (List<(SharedWindow Window, long Missing, long Amount)> Windows, List<SharedScope> Slots) Reserve(ShareWaiter waiter, long now)
    {
        var (windows, slots) = (new List<(SharedWindow, long, long)>(), new List<SharedScope>());
        foreach (ref var one in waiter.Held.AsSpan())
        {
            foreach (var window in one.Scope!.Windows)
                if (window is { Limit: not null, Current: { } row } && one.Amount((int)window.Measure) is > 0 and var amount)
                {
                    var here = Math.Min(row.Spare(now), amount);
                    row.Used += here;
                    (one.Bookings[(int)window.Measure], one.Missing[(int)window.Measure]) = (row, amount - here);
                    window.Pass(amount);
                    if (amount > here)
                        windows.Add((window, amount - here, amount));
                }
            one.IsSlotMissing = one.Scope.Slots.Limit is not null && !one.Scope.Slots.Has(now);
            if (one.IsSlotMissing)
                slots.Add(one.Scope);
            else
                one.Scope.Slots.Enter();
        }
        return (windows, slots);
    }

    private static void Add(SharePlan plan, SharedWindow window, bool isWanted, Dictionary<SharedWindow, int> places)
    {
        var staysOpen = window.StaysOpen(plan.Sent);
        var row = window.Current;
        foreach (var booking in window.Outdated)
            if (!staysOpen || !ReferenceEquals(booking, row))
                plan.Rows.Add(new PlannedRow(booking, window.Scope.Text, booking.Used, booking.Until));
        if (window.Limit is not { } limit || row is null || !(isWanted || staysOpen))
            return;
        var spare = row.Spare(plan.Sent);
        places.Add(window, plan.Windows.Count);
        plan.Windows.Add(new PlannedWindow(window, window.Scope.Text, limit, row, row.Used + spare, Math.Max(0, window.Target - spare), staysOpen, window.Version));
    }
}
