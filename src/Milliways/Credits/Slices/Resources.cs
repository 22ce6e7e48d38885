namespace Milliways.Credits.Slices;

/// <summary>What slices are of: the column <c>resource</c>.</summary>
internal static class Resources
{
    /// <summary>In a request only: money, from whichever lots and the allowance.</summary>
    public const string Credits = "credits";

    /// <summary>What the team may owe.</summary>
    public const string Allowance = "allowance";

    /// <summary>The team's hard bound of a month's spending.</summary>
    public const string Team = "team";

    private const string LotPrefix = "lot:", KeyPrefix = "key:", GatewayPrefix = "gateway:";

    public static string Lot(Guid id) => $"{LotPrefix}{id:N}";

    /// <summary>A key's budget.</summary>
    public static string Key(Guid id) => $"{KeyPrefix}{id:D}";

    /// <summary>A gateway's hard bound of a month's spending.</summary>
    public static string Gateway(string name) => GatewayPrefix + name;

    public static bool IsLot(string resource) => resource.StartsWith(LotPrefix, StringComparison.Ordinal);

    /// <summary>As <c>usage_hours</c> has the key; null: it is of no key.</summary>
    public static string? KeyOf(string resource) => resource.StartsWith(KeyPrefix, StringComparison.Ordinal) ? resource[KeyPrefix.Length..] : null;

    public static string? GatewayOf(string resource) => resource.StartsWith(GatewayPrefix, StringComparison.Ordinal) ? resource[GatewayPrefix.Length..] : null;
}
