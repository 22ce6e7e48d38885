using System.Security.Cryptography;
using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Credits.Grants;

/// <summary>A promotional code.</summary>
/// <param name="Most">How many teams may redeem it.</param>
/// <param name="Until">The last moment to do it; null: none.</param>
/// <param name="Lasts">How long the credit lasts from then on; null: for ever.</param>
internal sealed record PromoCode(string Code, long Ticks, int Most, DateTimeOffset? Until, TimeSpan? Lasts);

/// <summary>Codes in the database: each team redeems one once, and no more teams than the code is for.</summary>
internal static class PromoCodes
{
    /// <summary>Letters and digits that nobody takes for another.</summary>
    private const string Letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    /// <summary>A code that nobody guesses: 60 random bits.</summary>
    public static string New() => RandomNumberGenerator.GetString(Letters, 12);

    /// <exception cref="CommandException">There is one of this name already.</exception>
    public static void Create(DatabaseSession session, PromoCode code, DateTimeOffset now)
    {
        var made = session.Execute(
            "INSERT INTO promo_codes (code, amount, most, used, until, lasts, created) VALUES ($code, $amount, $most, 0, $until, $lasts, $created) ON CONFLICT (code) DO NOTHING",
            ("$code", code.Code.ToUpperInvariant()), ("$amount", code.Ticks), ("$most", (long)code.Most), ("$until", code.Until?.ToUnixTimeMilliseconds()),
            ("$lasts", (long?)code.Lasts?.TotalMilliseconds), ("$created", now.ToUnixTimeMilliseconds()));
        if (made == 0)
            throw new CommandException(CommandProblem.Conflict, $"There is a promotional code {code.Code.ToUpperInvariant()} already: choose another one.");
    }

    /// <summary>Gives a team what the code is worth, inside the caller's transaction.</summary>
    /// <exception cref="CommandException">The code is unknown, over, used up, or the team has redeemed it before.</exception>
    public static NewLot Redeem(DatabaseSession session, string code, Guid team, DateTimeOffset now)
    {
        code = code.Trim().ToUpperInvariant();
        var taken = session.Execute("UPDATE promo_codes SET used = used + 1 WHERE code = $code AND used < most AND (until IS NULL OR until >= $now)",
            ("$code", code), ("$now", now.ToUnixTimeMilliseconds()));
        if (taken == 0)
            throw new CommandException(CommandProblem.NotFound, "This promotional code is unknown, over, or has been redeemed as often as it may: ask for another one.");
        var (ticks, lasts) = session.Query("SELECT amount, lasts FROM promo_codes WHERE code = $code", row => (row.GetInt64(0), row.IsDBNull(1) ? (long?)null : row.GetInt64(1)), ("$code", code))[0];
        var lot = new NewLot(
            Guid.CreateVersion7(now), team, LotKind.Grant, ticks, lasts is { } milliseconds ? now.AddMilliseconds(milliseconds) : null, now, $"promotional code {code}", $"promo:{code}:{team:N}");
        return LotBook.Add(session, lot) ? lot : throw new CommandException(CommandProblem.Conflict, "This team has redeemed this promotional code before.");
    }
}
