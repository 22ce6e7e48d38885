using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>A front whose caller, once it may come in, is given a socket of its own instead of an answer. The exchange lasts as long as that does.</summary>
internal interface IConversation
{
    /// <summary>Talks until one side ends it.</summary>
    /// <returns>Why there was no conversation, while the caller can still be told in an answer; else null.</returns>
    Task<Failure?> TalkAsync(Exchange exchange);
}
