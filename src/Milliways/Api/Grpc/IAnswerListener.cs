using Milliways.Dialects.Chat;

namespace Milliways.Api.Grpc;

internal interface IAnswerListener
{
    /// <summary>Told once, before the end of the answer is sent.</summary>
    void Answered(ChatFold fold, AnswerFacts facts, long? cost);
}
