namespace Milliways.Alerts;

internal enum DeliveryKind
{
    Delivered,

    /// <summary>May succeed later.</summary>
    Failed,

    /// <summary>The receiver wants nothing more.</summary>
    Gone,
}

/// <summary>How a try ended.</summary>
/// <param name="Error">Without secrets, in one line; null: it was delivered.</param>
internal readonly record struct DeliveryResult(DeliveryKind Kind, string? Error)
{
    private const int LongestError = 300;

    public static DeliveryResult Delivered => new(DeliveryKind.Delivered, null);

    public static DeliveryResult Gone => new(DeliveryKind.Gone, "It answered 410: it wants nothing more");

    /// <param name="why">May be what a server said, of any length and in any characters.</param>
    public static DeliveryResult Failed(string why)
    {
        var line = string.Concat(why.Select(letter => char.IsControl(letter) ? ' ' : letter)).Trim().TrimEnd('.');
        return new(DeliveryKind.Failed, line.Length > LongestError ? line[..LongestError] : line);
    }
}
