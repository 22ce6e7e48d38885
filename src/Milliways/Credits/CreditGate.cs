using Milliways.Catalogue;
using Milliways.Credits.Pricing;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Gateway;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Credits;

/// <summary>
/// The last gate: money for the bound is set aside, or the request is refused. A whole answer holds all it can cost; when the team has less, the answer is
/// clamped to what that pays for. A stream holds its beginning and is topped up while it goes on (<see cref="Bill"/>).
/// </summary>
internal sealed class CreditGate(ILedger ledger, PricedRoutes prices, CreditFailures failures, ICreditEvents events, TimeProvider time) : IAdmissionGate
{
    /// <summary>What a stream holds of its output when it begins, in tokens.</summary>
    public const long FirstTokens = 1024;

    /// <summary>No answer is clamped below this: it would be of no use (design §4).</summary>
    private const long LeastTokens = 256;

    /// <summary>How often a clamp is worked out anew when others take the money in between.</summary>
    private const int MostTries = 3;

    public ValueTask<Admission> EnterAsync(Exchange exchange, Route route, CancellationToken cancel)
    {
        if (exchange.IsPaidElsewhere)
            return ValueTask.FromResult(Admission.Free);
        if (!IsCharged(exchange.Front.Operation))
            return ValueTask.FromResult(exchange.Front.Operation == Operation.PassThrough && BilledPaths.Are(exchange.Http.Request)
                ? Admission.Refused(BilledPaths.Refusal(exchange.Http.Request))
                : Admission.Free);
        var name = exchange.RouteName;
        var priced = prices.Of(name, route, time.GetUtcNow());
        if (priced.Route.Attempts.Count == 0)
        {
            if (route.Attempts.Count > 0)
                events.Unpriced(name, route.Attempts[0].Upstream.Name);
            return ValueTask.FromResult(Admission.Refused(CreditFailures.NoPrice(name)));
        }
        if (!ReferenceEquals(priced.Route, route))
            exchange.PricedRoute = priced.Route;
        var bound = Bound.Of(exchange, priced);
        return bound is null && !priced.Dearest.IsFree // what is free needs no bound
            ? ValueTask.FromResult(Admission.Refused(CreditFailures.NoBound(name)))
            : HoldAsync(exchange, priced, bound ?? default, cancel);
    }

    private static bool IsCharged(Operation operation) =>
        operation is Operation.Chat or Operation.Embeddings or Operation.ImageGenerations or Operation.ImageEdits;

    private async ValueTask<Admission> HoldAsync(Exchange exchange, PricedRoute priced, Bound bound, CancellationToken cancel)
    {
        var key = exchange.Key!;
        var payer = new Payer(key.Team.Id, key.Id, key.Budget, exchange.Http.Features.Get<GatewayAddress>()?.Path.Gateway);
        var (percent, price) = (key.Team.PricePercent, priced.Dearest);
        var prompt = Cost.Bound(price, bound.Input, 0, bound.Images, bound.Calls, percent);
        var wanted = exchange.Facts.Stream ? Math.Min(bound.Output, FirstTokens) : bound.Output;
        for (var i = 1; ; i++)
        {
            var answer = await ledger.HoldAsync(payer, exchange.RequestId, prompt + Cost.Bound(price, 0, wanted, percent: percent), cancel);
            if (answer.Hold is { } hold)
            {
                exchange.Bill = new Bill(ledger, hold, payer, priced, failures, events, time)
                {
                    Percent = percent, Prompt = prompt, HeldOutput = wanted, MostOutput = bound.Output,
                    PromptEstimate = TokenEstimate.OfBytes(exchange.Facts.PromptBytes) + (4L * exchange.Facts.Messages),
                };
                return Admission.Free;
            }
            if (Affordable(exchange, price, percent, answer.Available - prompt, wanted) is not { } less || i == MostTries)
            {
                events.Refused(payer, answer.Refusal ?? HoldRefusal.Credits);
                return Admission.Refused(failures.Of(answer.Refusal ?? HoldRefusal.Credits, key.Team.Id, hasHadCredit: ledger.HasHadCredit(key.Team.Id)));
            }
            wanted = less;
            if (!exchange.Facts.Stream)
                exchange.OutputClamp = less / Math.Max(1, exchange.Facts.N);
        }
    }

    /// <summary>The output that the balance pays for beside the prompt, when that is of any use and less than was wanted.</summary>
    private static long? Affordable(Exchange exchange, ModelPrice price, int percent, long available, long wanted)
    {
        var answers = Math.Max(1, exchange.Facts.N);
        var tokens = Cost.TokensFor(price, available, percent) / answers * answers;
        return exchange.Front.Operation == Operation.Chat && tokens < wanted && tokens >= LeastTokens * answers ? tokens : null;
    }
}
