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
    public static DeliveryResult Delivered => new(DeliveryKind.Delivered, null);

    public static DeliveryResult Gone => new(DeliveryKind.Gone, "It answered 410: it wants nothing more");

    /// <param name="why">May be what a server said, of any length and in any characters.</param>
    public static DeliveryResult Failed(string why) => new(DeliveryKind.Failed, AlertText.Line(why).TrimEnd('.'));
}
