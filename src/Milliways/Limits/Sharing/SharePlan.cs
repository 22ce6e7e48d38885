namespace Milliways.Limits.Sharing;

/// <summary>
/// One transaction about one team's limits: what is to be told, what is asked for beyond the need, and who waits. Made under the team's lock and not changed
/// any more, so that the transaction can be run twice.
/// </summary>
/// <param name="Epoch">Under which slots are held.</param>
/// <param name="Sent">The clock's timestamp before the database was asked.</param>
internal sealed record SharePlan(Guid Team, long Epoch, long Sent)
{
    public List<PlannedRow> Rows { get; } = [];

    public List<PlannedWindow> Windows { get; } = [];

    public List<PlannedSlots> Slots { get; } = [];

    public List<PlannedWaiter> Waiters { get; } = [];
}

/// <summary>A row as it is to be stored before anything is decided.</summary>
/// <param name="Until">Microseconds of the database's clock; 0: a window after the transaction.</param>
internal sealed record PlannedRow(SharedBooking Booking, string Scope, long Amount, long Until);

/// <param name="Row">Where those who wait are booked.</param>
/// <param name="Covered">What it has, and goes on having.</param>
/// <param name="Wanted">Beyond the need, if there is plenty.</param>
/// <param name="StaysOpen">More than what is used may be given out of it afterwards.</param>
/// <param name="Version">Of the window's limit.</param>
internal sealed record PlannedWindow(SharedWindow Window, string Scope, long Limit, SharedBooking Row, long Covered, long Wanted, bool StaysOpen, int Version);

/// <param name="Held">What is held in any case.</param>
/// <param name="Wanted">Beyond the need.</param>
internal sealed record PlannedSlots(SharedScope Scope, long? Limit, long Held, long Wanted);

/// <summary>Someone who waits, and what is missing.</summary>
/// <param name="Windows">Places in the plan's windows, with what is missing there and what that is a part of.</param>
/// <param name="Slots">Places in the plan's slots.</param>
internal sealed record PlannedWaiter(ShareWaiter Waiter, IReadOnlyList<(int Window, long Missing, long Amount)> Windows, IReadOnlyList<int> Slots);

/// <summary>What the database decided.</summary>
/// <param name="Now">Its clock, in microseconds.</param>
/// <param name="Servers">Those that live.</param>
internal sealed record ShareOutcome(long Now, int Servers, DecidedWindow[] Windows, DecidedSlots[] Slots, DecidedWaiter[] Waiters);

/// <param name="Given">To those who waited.</param>
/// <param name="Extra">Beyond the need.</param>
/// <param name="Free">What is left over all servers; below 0 where a limit was lowered.</param>
/// <param name="EmptyIn">Microseconds until nothing is left in the window.</param>
internal record struct DecidedWindow(long Given, long Extra, long Free, long EmptyIn);

internal record struct DecidedSlots(long Given, long Extra, long Free);

/// <param name="Window">The window that refuses longest; -1: none.</param>
/// <param name="Slots">The slots that refuse; -1: none.</param>
/// <param name="Amount">What it wanted of that window.</param>
/// <param name="Used">What was counted.</param>
/// <param name="Wait">Microseconds until there would be room.</param>
internal record struct DecidedWaiter(bool IsAdmitted, int Window, int Slots, long Amount, long Used, long Wait);
