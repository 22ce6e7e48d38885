using System.Text.Json.Serialization;

namespace Milliways.Credits;

/// <summary>What a team has (contract, "JSON of credits show"). Times are RFC 3339 in UTC; null: never.</summary>
internal sealed record CreditsShown(
    string Team, long BalanceTicks, long HeldTicks, long AvailableTicks, long OwedTicks, long PostpaidTicks, string Balance, IReadOnlyList<GrantShown> Grants)
{
    /// <summary>In the current month (UTC).</summary>
    public long SpentTicks { get; init; }

    public long? SoftLimitTicks { get; init; }

    public long? HardLimitTicks { get; init; }
}

internal sealed record GrantShown(string Id, string Kind, long AmountTicks, long LeftTicks, string? Expires)
{
    public static GrantShown Of(Accounts.Lot lot) => new(lot.Id.ToString("N"), Books.Words.Of(lot.Kind), lot.Amount, lot.Left, Books.StatementReader.Text(lot.Expires));
}

/// <summary>Opening balance + entries = closing balance (contract, "JSON of credits statement").</summary>
internal sealed record Statement(
    string Team, string? From, string? To, long OpeningTicks, long ClosingTicks, long HeldTicks, IReadOnlyList<StatementEntry> Entries)
{
    /// <summary>With <c>--ledger</c>: every posting; their sum is zero.</summary>
    public IReadOnlyList<LedgerPosting>? Postings { get; init; }
}

/// <param name="AmountTicks">What the team's balance changes by; charges are negative.</param>
/// <param name="InputTokens">All of the prompt, cached ones included.</param>
/// <param name="OutputTokens">All that was produced, reasoning included.</param>
internal sealed record StatementEntry(
    long Seq, string Time, string Kind, long AmountTicks, long BalanceTicks, string? RequestId, string? KeyId, string? Model, string? Upstream, long InputTokens, long CachedTokens,
    long OutputTokens, long ReasoningTokens, long Images, string? UsageSource, string? Ending, string? Gateway, string? Tags, string Reason);

internal sealed record LedgerPosting(long Seq, string Time, string Kind, string Account, long AmountTicks, string? RequestId);

internal sealed record HoldsShown(IReadOnlyList<HoldShown> Holds);

/// <param name="Replica">The server that has it: its machine, and with several servers its process.</param>
internal sealed record HoldShown(string RequestId, string Team, string? KeyId, long Ticks, double AgeSeconds, string Replica);

/// <summary>Credit that came in or went.</summary>
internal sealed record CreditChange(string Team, string? Grant, string Kind, long AmountTicks, long BonusTicks, long BalanceTicks);

internal sealed record PromoShown(string Code, long AmountTicks, int Most, string? Until, double? LastsSeconds);

/// <summary>What <c>admin check</c> found; nothing: the books are right.</summary>
internal sealed record CheckReport(bool Ok, IReadOnlyList<string> Problems, long Teams, long Entries, long Charges);

/// <summary>What the audit log keeps of a change.</summary>
internal sealed record AuditedChange(string Change);

internal sealed record CreditsRef(string? Team);

/// <param name="Expires">RFC 3339; null: never.</param>
internal sealed record GrantCredit(string? Team, long AmountTicks, DateTimeOffset? Expires, string Reason);

internal sealed record ChangeCredit(string? Team, long AmountTicks, string Reason);

/// <param name="To">Excluded.</param>
internal sealed record StatementQuery(string? Team, DateTimeOffset? From, DateTimeOffset? To, long After, int Limit, bool Ledger);

internal sealed record CreatePromo(string? Code, long AmountTicks, int Most, DateTimeOffset? Until, double? LastsSeconds);

internal sealed record RedeemPromo(string? Team, string Code);

internal sealed record SetSpendingLimit(string? Team, string? Gateway, long? SoftTicks, long? HardTicks);

internal sealed record SetPostpaid(string? Team, long? Ticks);

internal sealed record CheckRequest;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.Never)]
[JsonSerializable(typeof(CreditsShown))]
[JsonSerializable(typeof(Statement))]
[JsonSerializable(typeof(HoldsShown))]
[JsonSerializable(typeof(CreditChange))]
[JsonSerializable(typeof(PromoShown))]
[JsonSerializable(typeof(CheckReport))]
[JsonSerializable(typeof(CheckRequest))]
[JsonSerializable(typeof(SetPostpaid))]
[JsonSerializable(typeof(SetSpendingLimit))]
[JsonSerializable(typeof(RedeemPromo))]
[JsonSerializable(typeof(CreatePromo))]
[JsonSerializable(typeof(StatementQuery))]
[JsonSerializable(typeof(ChangeCredit))]
[JsonSerializable(typeof(GrantCredit))]
[JsonSerializable(typeof(CreditsRef))]
[JsonSerializable(typeof(AuditedChange))]
internal sealed partial class CreditsJson : JsonSerializerContext;
