namespace Milliways.Storage;

/// <summary>
/// What servers keep in memory and must hear about when somebody else has changed it. A table stands here once, and from then on no statement that changes
/// it can forget to say so.
/// </summary>
internal static class Topics
{
    public const string Teams = "teams";
    public const string Keys = "keys";
    public const string Gateways = "gateways";

    /// <summary>Bounds of spending, and teams of whose money somebody has too little.</summary>
    public const string Money = "money";

    public static IReadOnlyList<WatchedTable> Tables { get; } =
    [
        new("teams", Teams),
        new("api_keys", Keys) { Silent = ["last_used"] },
        new("old_key_texts", Keys),
        new("gateways", Gateways),
        new("spending_limits", Money),
        new("wanted", Money),
        new("gateway_keys", Gateways),
        new("custom_providers", Gateways),
    ];
}

/// <summary>A table whose changes are counted under a topic.</summary>
/// <param name="Table">Its name.</param>
/// <param name="Topic">What it is a part of.</param>
internal sealed record WatchedTable(string Table, string Topic)
{
    /// <summary>Columns whose updates nobody needs to hear of, such as when something was last used.</summary>
    public IReadOnlyList<string> Silent { get; init; } = [];
}
