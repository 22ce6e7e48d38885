using System.Globalization;
using Milliways.Dialects.Chat;
using Milliways.Hosting;

namespace Milliways.Credits;

/// <summary>Refusals for money's sake. The sentences are those that clients of xAI match on (xai-api 1.15.3, 4.3); what follows them is the operator's remedy.</summary>
internal sealed class CreditFailures(ServerAddress address)
{
    public Failure Of(HoldRefusal refusal, Guid team, bool hasHadCredit) => refusal switch
    {
        HoldRefusal.Unavailable => new Failure(FailureKind.Overloaded, FailureParty.Gateway, "credits", "Credits cannot be checked at the moment: try again shortly.") { RetryAfterSeconds = 2 },
        HoldRefusal.KeyBudget => Refused("This API key has reached its monthly budget. It can be raised by whoever made the key."),
        HoldRefusal.GatewayLimit => Refused("This gateway has reached its monthly spending limit. It can be raised by the team's administrators.") with { Code = GatewayLimitCode },
        _ when !hasHadCredit => Refused(
            $"Your newly created team doesn't have any credits or licenses yet. You can purchase those on {address.Console.TrimEnd('/')}/team/{team:D}."),
        _ => Refused(string.Create(CultureInfo.InvariantCulture,
            $"Your team {team:D} has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits or raise your spending limit.")),
    };

    /// <summary>Of a failure: not the team's credit is used up, but what may be spent through one gateway.</summary>
    public const string GatewayLimitCode = "gateway_spending_limit";

    /// <summary>Nobody knows what it costs, so nobody can pay for it with credits.</summary>
    public static Failure NoPrice(string model) => new(FailureKind.Forbidden, FailureParty.Client, "price",
        $"The model {model} has no price here and cannot be used on credit: the operator can give it one (models.{model}.price, or the upstream's prices), \"0\" for free.") { Param = "model", Code = "model_without_price" };

    /// <summary>What goes into the prompt cannot be bounded by what is known of the model.</summary>
    public static Failure NoBound(string model) => Failure.Invalid(
        $"What this request costs has no bound: it uses stored context or tools of the upstream, and the context of the model {model} is not known. The operator can tell it (models.{model}.context).", "model");

    private static Failure Refused(string message) => new(FailureKind.OutOfCredits, FailureParty.Client, "credits", message) { Code = "insufficient_quota" };
}
