namespace Milliways.Exchanges;

/// <summary>
/// How much of a stream is read at a time. A read that the credit does not cover whole is not delivered at all, so where somebody pays little more is read than what is covered.
/// </summary>
internal static class PaidRead
{
    private const int Least = 512, Most = 4 << 10;

    /// <param name="bill">Null: nobody pays.</param>
    /// <param name="meter">What was delivered, or will be.</param>
    /// <param name="call">What was read.</param>
    public static int Bytes(IBill? bill, Meter meter, UpstreamCall call) =>
        bill is null ? int.MaxValue : (int)Math.Clamp(bill.Covered - meter.TextBytes - call.Unread.Length, Least, Most);
}
