using Milliways.Credits.Accounts;
using Milliways.Exchanges;

namespace Milliways.Credits.Books;

/// <summary>How kinds are written in the books and in statements (contract, "JSON of credits statement").</summary>
internal static class Words
{
    public static string Of(PostingKind kind) => kind switch
    {
        PostingKind.Charge => "charge",
        PostingKind.Expiry => "expiry",
        PostingKind.Adjustment => "adjustment",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "has no entry"),
    };

    public static string Of(LotKind kind) => kind switch
    {
        LotKind.Grant => "grant",
        LotKind.Bonus => "bonus",
        LotKind.Purchase => "purchase",
        _ => "adjustment",
    };

    public static LotKind Lot(string word) => word switch
    {
        "grant" => LotKind.Grant,
        "bonus" => LotKind.Bonus,
        "purchase" => LotKind.Purchase,
        _ => LotKind.Adjustment,
    };

    public static string Of(UsageSource source) => source switch
    {
        UsageSource.Reported => "reported",
        UsageSource.Counted => "counted",
        UsageSource.Estimated => "estimated",
        _ => "none",
    };

    public static string Of(Ending ending) => ending switch
    {
        Ending.Completed => "completed",
        Ending.ClientGone => "client_gone",
        Ending.UpstreamFailed => "upstream_failed",
        Ending.Refused => "refused",
        _ => "shutdown",
    };
}
