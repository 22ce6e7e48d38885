using Milliways.Dialects.Chat;
using Milliways.Routing.Health;

namespace Milliways.Routing.Retries;

/// <summary>What a failure before the content commit means for the next try (docs/routing.md has the table).</summary>
internal static class FailureRules
{
    /// <summary>The stage of a try that was ended because the caller does not wait longer for its first part.</summary>
    public const string FirstPartStage = "request-timeout";

    /// <summary>
    /// A refusal of the request itself would be the same everywhere; everything else may go better at another upstream, what one dialect cannot express
    /// included.
    /// </summary>
    public static bool AnotherMayHelp(Failure failure) =>
        (failure.Party != FailureParty.Client || failure.Kind == FailureKind.Unsupported || failure.UpstreamStatus is 403 or 404)
        && failure.Stage is not ("total" or "shutdown") && failure.Kind != FailureKind.Internal;

    /// <summary>Nobody was asked: another attempt's failure is what the caller should hear of.</summary>
    public static bool IsBeforeTheCall(Failure failure) => failure.Kind == FailureKind.Unsupported || failure.Stage == "route";

    /// <summary>
    /// Whether the same upstream may do better in a moment. Not after a time-out of ours: it took its whole time already. Not after a refusal that stays
    /// (401, 402, 403, 404), nor of what is switched off.
    /// </summary>
    public static bool SameMayHelp(Failure failure) => AnotherMayHelp(failure) && failure switch
    {
        { UpstreamStatus: { } status } => status is 408 or 429 or 500 or 502 or 503 or 504 or 529,
        { Party: not FailureParty.Upstream } => false,
        { Kind: FailureKind.Timeout } => false,
        _ => true,
    };

    /// <summary>
    /// Whether the same upstream is asked again by a caller who has said how often: after any trouble of the way or of the upstream, time-outs included, and
    /// after 408, 429 and every 5xx but those that stay (501, 505).
    /// </summary>
    public static bool AnotherTryMayHelp(Failure failure) => AnotherMayHelp(failure) && failure switch
    {
        { UpstreamStatus: { } status } => status is 408 or 429 or (>= 500 and not (501 or 505)),
        _ => failure.Party == FailureParty.Upstream,
    };

    /// <summary>What a failure says of its upstream: a caller's own mistake and a refusal that names its reason say nothing.</summary>
    /// <param name="failure">What happened.</param>
    /// <param name="isOthersAccount">The key was not the operator's: how its owner's account stands says nothing of the operator's.</param>
    public static Verdict Of(Failure failure, bool isOthersAccount = false) => failure switch
    {
        { UpstreamStatus: < 500 } when isOthersAccount => Verdict.Unknown,
        { Party: FailureParty.Client } or { Stage: FirstPartStage } => Verdict.Unknown, // one caller's impatience is nobody else's trouble
        { UpstreamStatus: { } status } => status is 408 or 429 or >= 500 ? Verdict.Bad : Verdict.Unknown,
        { Party: FailureParty.Upstream, Stage: not "total" } => Verdict.Bad,
        _ => Verdict.Unknown,
    };

    /// <summary>
    /// What an attempt says of the way to its upstream, whichever model was asked: no connection (no name, refused, no handshake) is bad, any answer is good.
    /// </summary>
    /// <param name="failure">Null: it has answered.</param>
    public static Verdict OfConnection(Failure? failure) => failure switch
    {
        null or { UpstreamStatus: not null } => Verdict.Good,
        { Party: FailureParty.Upstream, Stage: "dns" or "connect" or "tls" } => Verdict.Bad,
        _ => Verdict.Unknown,
    };
}
