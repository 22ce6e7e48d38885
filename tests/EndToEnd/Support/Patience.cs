namespace Milliways.EndToEnd.Support;

/// <summary>
/// Bounds on waiting for a signal. None is a pause: whatever waits goes on the moment the signal comes, and the bound only turns a hang into a failure.
/// </summary>
internal static class Patience
{
    /// <summary>For what should take moments, on a machine that may be busy.</summary>
    public static readonly TimeSpan Short = TimeSpan.FromSeconds(30);

    /// <summary>For work of the model.</summary>
    public static readonly TimeSpan Long = TimeSpan.FromSeconds(300);
}
