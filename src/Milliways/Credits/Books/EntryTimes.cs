using Milliways.Storage;

namespace Milliways.Credits.Books;

/// <summary>
/// Finds a team's entries by time. They are numbered without a gap and their times never go back, so that the numbers serve for that: an index of times would cost every charge a write.
/// </summary>
internal static class EntryTimes
{
    /// <summary>The number of the first entry at this time or later; behind the last entry when there is none.</summary>
    /// <param name="session">On the database.</param>
    /// <param name="team">Whose.</param>
    /// <param name="time">Unix milliseconds.</param>
    /// <param name="from">No entry before this number is so late, as an earlier search has said.</param>
    public static long FirstAt(DatabaseSession session, Guid team, long time, long from = 1)
    {
        var whose = ("$team", (object?)team.ToString("N"));
        var last = session.Query("SELECT seq FROM balances WHERE team = $team", row => row.GetInt64(0), whose) is [var count] ? count : 0;
        var (first, end) = (from, last + 1);
        while (first < end)
        {
            var middle = first + ((end - first) / 2);
            if (TimeOf(session, whose, middle) < time)
                first = middle + 1;
            else
                end = middle;
        }
        return first;
    }

    private static long TimeOf(DatabaseSession session, (string, object?) whose, long seq) =>
        session.Query("SELECT time FROM entries WHERE team = $team AND seq = $seq AND part = 0", row => row.GetInt64(0), whose, ("$seq", seq)) is [var time] ? time : long.MaxValue;
}
