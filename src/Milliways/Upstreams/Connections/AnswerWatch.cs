namespace Milliways.Upstreams.Connections;

/// <summary>
/// Tells of one request whether a byte of an answer has come on the connection that carries it: the handler gives the same exception for a connection that
/// died before an answer and for an answer that was cut inside its head, and only the first may be asked again.
/// </summary>
internal sealed class AnswerWatch
{
    private static readonly AsyncLocal<AnswerWatch?> Ambient = new();

    private volatile bool _isSent;
    private volatile bool _hasByte;

    /// <summary>
    /// True when the request was written and nothing came back. Never for HTTP/2, whose frames are not written in the request's own flow: what is safe to
    /// repeat there the handler repeats by itself.
    /// </summary>
    public bool IsUnanswered => _isSent && !_hasByte;

    /// <summary>Watches what the calling method sends from here on; must be called in the asynchronous method that sends.</summary>
    public static AnswerWatch Begin() => Ambient.Value = new AnswerWatch();

    /// <summary>The one whose request is being written.</summary>
    internal static AnswerWatch? Current => Ambient.Value;

    internal void Sent() => _isSent = true;

    internal void Answered() => _hasByte = true;
}
