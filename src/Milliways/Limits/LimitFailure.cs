using System.Globalization;
using Milliways.Dialects.Chat;
using Milliways.Limits.Counting;

namespace Milliways.Limits;

/// <summary>The refusal of a limit: xAI's sentences (xai-api 1.15.3), which its clients look for, and the wait in the words that Codex reads out of it (dialects 3.6).</summary>
internal static class LimitFailure
{
    public const string Stage = "limit";

    /// <summary>OpenAI's machine-readable code (dialects 1.8).</summary>
    public const string Code = "rate_limit_exceeded";

    /// <summary>Told where no wait helps: the most that goes out as Retry-After.</summary>
    private const int Longest = 60;

    /// <summary>The servers' database cannot be asked, and what is left of a limit is known to nobody else.</summary>
    public static Failure Unavailable { get; } = new(FailureKind.Overloaded, FailureParty.Gateway, Stage, "Limits cannot be checked at the moment: try again shortly.") { RetryAfterSeconds = 2 };

    public static Failure Of(in LimitHit hit, in TokenBound tokens, Guid team, string model, TimeProvider time)
    {
        var isTokens = hit.Measure == Measure.TokensPerMinute;
        var seconds = hit.Wait == LimitWindow.Never ? Longest : Math.Max(1, (int)Math.Ceiling(time.GetElapsedTime(0, hit.Wait).TotalSeconds));
        var message = string.Create(CultureInfo.InvariantCulture,
            $"Too many {(isTokens ? "tokens" : "requests")} for team {team:D} and model {model}. {Whose(hit.Scope)} rate limit is — {Name(hit.Measure)} (actual/limit): {hit.Used}/{hit.Limit}. {Remedy(hit, tokens, seconds)}");
        return new Failure(FailureKind.RateLimited, FailureParty.Client, Stage, message)
        {
            Code = Code,
            LimitedBy = isTokens ? "tokens" : "requests",
            RetryAfterSeconds = seconds,
        };
    }

    private static string Remedy(in LimitHit hit, in TokenBound tokens, int seconds) => hit switch
    {
        { Wait: LimitWindow.Never } => string.Create(CultureInfo.InvariantCulture, $"The prompt alone has about {tokens.Prompt} tokens: shorten it, or have the limit raised."),
        { Measure: Measure.Concurrent } => "Wait until a running request has ended. Try again in 1s.",
        { Measure: Measure.TokensPerMinute } => string.Create(CultureInfo.InvariantCulture,
            $"This request reserves {Math.Min(tokens.Prompt + tokens.Output, hit.Limit)}. Try again in {seconds}s, or bound the answer."),
        _ => string.Create(CultureInfo.InvariantCulture, $"Try again in {seconds}s."),
    };

    private static string Whose(ScopeKind scope) => scope switch
    {
        ScopeKind.Key => "Your API key's",
        ScopeKind.Gateway => "Your gateway's",
        _ => "Your team's",
    };

    private static string Name(Measure measure) => measure switch
    {
        Measure.RequestsPerSecond => "Requests per Second",
        Measure.RequestsPerMinute => "Requests per Minute",
        Measure.RequestsPerHour => "Requests per Hour",
        Measure.TokensPerMinute => "Tokens per Minute",
        _ => "Concurrent Requests",
    };
}
