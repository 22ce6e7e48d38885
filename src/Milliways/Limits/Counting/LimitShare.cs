namespace Milliways.Limits.Counting;

/// <summary>
/// What this process may let in of one limit. A single process has all of it; replicas hold slices that add up to the whole (design §4, "Replicas"), and
/// whoever hands those out changes <see cref="Here"/>, under the lock of the team.
/// </summary>
internal sealed class LimitShare(long whole)
{
    /// <summary>The limit as it is configured and told to callers.</summary>
    public long Whole { get; } = whole;

    public long Here { get; set; } = whole;
}
