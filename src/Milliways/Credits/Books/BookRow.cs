using Milliways.Storage;

namespace Milliways.Credits.Books;

/// <summary>A team's row of balances while a transaction works on it.</summary>
internal sealed class BookRow(Guid team, long seq, long balance, long owed, long booked, long? postpaid)
{
    public Guid Team => team;

    /// <summary>The team's account, as entries name it.</summary>
    public string Account { get; } = AccountOf(team);

    /// <summary>The team, as rows name it.</summary>
    public string TeamText { get; } = team.ToString("N");

    public long Seq { get; private set; } = seq;

    public long Balance { get; private set; } = balance;

    public long Owed { get; set; } = owed;

    /// <summary>Unix milliseconds.</summary>
    public long Booked { get; private set; } = booked;

    /// <summary>What the team may owe; null: as the configuration says.</summary>
    public long? Postpaid => postpaid;

    public static string AccountOf(Guid team) => $"team:{team:N}";

    /// <summary>Locks the row until the transaction's end, and makes it when it is missing.</summary>
    public static BookRow Take(DatabaseSession session, Guid team)
    {
        if (Find(session, team) is { } known)
            return known;
        session.Execute(
            "INSERT INTO balances (team, seq, balance, owed, booked) VALUES ($team, 0, 0, 0, 0) ON CONFLICT (team) DO NOTHING", ("$team", team.ToString("N")));
        return Find(session, team)!;
    }

    /// <summary>As <see cref="Take"/>, and null when there is none.</summary>
    public static BookRow? Find(DatabaseSession session, Guid team) => session.Query("SELECT seq, balance, owed, booked, postpaid FROM balances WHERE team = $team" + session.ForUpdate,
        row => new BookRow(team, row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.IsDBNull(4) ? null : row.GetInt64(4)), ("$team", team.ToString("N"))) is [var row] ? row : null;

    /// <summary>What the next entry will be numbered, and when it counts: never before the one before it.</summary>
    public (long Seq, long Time) Next(DateTimeOffset time) => (Seq + 1, Math.Max(Booked, time.ToUnixTimeMilliseconds()));

    /// <summary>The entry is there.</summary>
    public void Took(long time, long ticks) => (Seq, Balance, Booked) = (Seq + 1, checked(Balance + ticks), time);

    public void Save(DatabaseSession session) => session.Execute(
        "UPDATE balances SET seq = $seq, balance = $balance, owed = $owed, booked = $booked WHERE team = $team",
        ("$seq", Seq), ("$balance", Balance), ("$owed", Owed), ("$booked", Booked), ("$team", TeamText));
}
