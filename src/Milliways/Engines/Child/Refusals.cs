using Milliways.Dialects.Chat;
using Milliways.Engine;

namespace Milliways.Engines.Child;

/// <summary>The engine's refusals as failures of the API.</summary>
internal static class Refusals
{
    public static Failure ToFailure(Refusal refusal) => refusal switch
    {
        Refusal.ContextExceeded { Input: { } } input => Failure.Invalid(input.Text, "input"),
        Refusal.ContextExceeded context => Dialects.OpenAiChat.Errors.PromptTooLong(context.PromptTokens, context.Limit),
        Refusal.QueueFull full => new Failure(FailureKind.Overloaded, FailureParty.Gateway, "engine", "The embedded model is busy and its queue is full: try again shortly.")
        {
            RetryAfterSeconds = Math.Max(1, (int)Math.Ceiling(full.RetryAfter.TotalSeconds)),
        },
        Refusal.InvalidParameter invalid => Failure.Invalid(invalid.Text, invalid.Name),
        _ => new Failure(FailureKind.Overloaded, FailureParty.Gateway, "engine", "The embedded model cannot take the request now: try again shortly.") { RetryAfterSeconds = 1 },
    };
}
