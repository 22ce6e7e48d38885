using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>
/// How a protocol tells its outcome behind the answer (gRPC): a failure is told at any time in the same way, nothing has to be torn, and what is known only at the
/// end can still be said.
/// </summary>
internal interface ITrailingStatus
{
    /// <summary>Of every answer, the failures included.</summary>
    string ContentType { get; }

    /// <summary>A failure of which nothing has been sent yet: head and outcome in one.</summary>
    void Refuse(HttpContext http, Failure failure);

    /// <summary>A whole answer as it goes out: compressed, where the caller takes that. Asked before the head is sent, and after the charge.</summary>
    /// <param name="http">Of the call.</param>
    /// <param name="answer">The whole answer.</param>
    /// <param name="packed">What goes out.</param>
    /// <returns>Why this answer, which was made and is paid, cannot be told; null: it can.</returns>
    Failure? Pack(HttpContext http, ReadOnlyMemory<byte> answer, out ReadOnlyMemory<byte> packed);

    /// <summary>The answer is whole, and its charge durable.</summary>
    void Complete(Exchange exchange);

    /// <summary>The answer has begun and ends here.</summary>
    void Fail(Exchange exchange, Failure failure);
}
