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
        if (exchange.Steps is { } steps)
            return EnterAsync(exchange, steps, cancel);
        var terms = TermsOf(exchange, route);
        if (!terms.IsOk)
            return ValueTask.FromResult(Admission.Refused(terms.Failure));
        if (terms.Value is not { Priced: { } priced })
            return ValueTask.FromResult(Admission.Free);
        if (!ReferenceEquals(priced.Route, route))
            exchange.PricedRoute = priced.Route;
        return HoldAsync(exchange, terms.Value, cancel);
    }

    /// <summary>One hold for all steps, as much as the dearest of them may cost: only one of them answers.</summary>
    private async ValueTask<Admission> EnterAsync(Exchange exchange, IReadOnlyList<ExchangeStep> steps, CancellationToken cancel)
    {
        var all = new List<Terms>(steps.Count);
        foreach (var step in steps.Where(step => step.Refusal is null))
        {
            exchange.Turn(step.Index);
            var terms = TermsOf(exchange, step.Route!);
            step.Refusal = terms.Failure;
            if (!terms.IsOk || terms.Value.Priced is null)
                continue;
            step.Route = terms.Value.Priced.Route;
            all.Add(terms.Value with { Step = step });
        }
        var refusal = steps[^1].Refusal;
        if (all.Count > 0 && await HoldAsync(exchange, all, PayerOf(exchange), first: null, cancel) is { Refusal: { } unpaid })
        {
            refusal = unpaid;
            foreach (var one in all)
                one.Step!.Refusal = unpaid;
        }
        return steps.Any(step => step.Refusal is null) ? Admission.Free : Admission.Refused(refusal!);
    }

    /// <summary>What is held for a request; terms without prices: nothing.</summary>
    private Reading<Terms> TermsOf(Exchange exchange, Route route)
    {
        if (exchange.IsPaidElsewhere)
            return Terms.Free;
        if (!IsCharged(exchange.Front.Operation))
            return exchange.Front.Operation == Operation.PassThrough && BilledPaths.Are(exchange.Http.Request) ? BilledPaths.Refusal(exchange.Http.Request) : Terms.Free;
        var name = exchange.RouteName;
        var priced = prices.Of(name, route, time.GetUtcNow());
        if (priced.Route.Attempts.Count == 0)
        {
            if (route.Attempts.Count > 0)
                events.Unpriced(name, route.Attempts[0].Upstream.Name);
            return CreditFailures.NoPrice(name);
        }
        var bound = Bound.Of(exchange, priced);
        if (bound is null && !priced.Dearest.IsFree) // what is free needs no bound
            return CreditFailures.NoBound(name);
        var (input, most) = (bound ?? default, (bound ?? default).Output);
        return new Terms(priced, exchange.Key!.Team.PricePercent)
        {
            Prompt = Cost.Bound(priced.Dearest, input.Input, 0, input.Images, input.Calls, exchange.Key.Team.PricePercent),
            Most = most,
            Wanted = exchange.Facts.Stream ? Math.Min(most, FirstTokens) : most,
        };
    }

    private static bool IsCharged(Operation operation) =>
        operation is Operation.Chat or Operation.Embeddings or Operation.ImageGenerations or Operation.ImageEdits;

    /// <summary>What most requests need: the money is at hand.</summary>
    private ValueTask<Admission> HoldAsync(Exchange exchange, Terms terms, CancellationToken cancel)
    {
        var payer = PayerOf(exchange);
        var holding = ledger.HoldAsync(payer, exchange.RequestId, terms.Ticks, cancel);
        if (!holding.IsCompletedSuccessfully)
            return HoldAsync(exchange, [terms], payer, holding.AsTask(), cancel);
#pragma warning disable RS0030 // It has completed, and is taken once.
        var answer = holding.Result;
#pragma warning restore RS0030
        if (answer.Hold is null)
            return HoldAsync(exchange, [terms], payer, Task.FromResult(answer), cancel);
        exchange.Bill = BillOf(exchange, terms, [], answer.Hold, payer);
        return ValueTask.FromResult(Admission.Free);
    }

    /// <param name="first">The answer to what was asked already.</param>
    private async ValueTask<Admission> HoldAsync(Exchange exchange, List<Terms> all, Payer payer, Task<HoldAnswer>? first, CancellationToken cancel)
    {
        for (var i = 1; ; i++)
        {
            var answer = i == 1 && first is not null ? await first : await ledger.HoldAsync(payer, exchange.RequestId, all.Max(terms => terms.Ticks), cancel);
            if (answer.Hold is { } hold)
            {
                Bill(exchange, all, hold, payer);
                return Admission.Free;
            }
            var refusal = failures.Of(answer.Refusal ?? HoldRefusal.Credits, payer.Team, hasHadCredit: ledger.HasHadCredit(payer.Team));
            if (i < MostTries && Clamp(exchange, all, answer.Available, refusal))
                continue;
            events.Refused(payer, answer.Refusal ?? HoldRefusal.Credits);
            return Admission.Refused(refusal);
        }
    }

    /// <summary>Asks for less output where the balance does not pay for what was wanted; a step of which nothing useful is left is given up. False: nothing is left at all.</summary>
    private static bool Clamp(Exchange exchange, List<Terms> all, long available, Failure refusal)
    {
        var dearest = all.Max(terms => terms.Ticks);
        foreach (var terms in all.Where(terms => terms.Ticks == dearest || terms.Ticks > available).ToArray())
        {
            exchange.Turn(terms.Step?.Index ?? 0);
            if (Affordable(exchange, terms, available) is not { } less)
            {
                if (terms.Step is null || all.Count == 1)
                    return false;
                terms.Step.Refusal = refusal;
                all.Remove(terms);
                continue;
            }
            terms.Wanted = less;
            if (!exchange.Facts.Stream)
                exchange.OutputClamp = less / Math.Max(1, exchange.Facts.N);
        }
        return true;
    }

    private void Bill(Exchange exchange, List<Terms> all, Hold hold, Payer payer)
    {
        foreach (var terms in all)
        {
            exchange.Turn(terms.Step?.Index ?? 0);
            exchange.Bill = BillOf(exchange, terms, all.Count == 1 ? [] : [.. all.Where(other => other != terms).Select(other => other.Priced!)], hold, payer);
            if (terms.Step is not null)
                exchange.SpareBill ??= exchange.Bill;
        }
    }

    private Bill BillOf(Exchange exchange, Terms terms, IReadOnlyList<PricedRoute> others, Hold hold, Payer payer) => new(ledger, hold, payer, terms.Priced!, failures, events, time)
    {
        Percent = terms.Percent, Prompt = terms.Prompt, HeldOutput = terms.Wanted, MostOutput = terms.Most,
        PromptEstimate = TokenEstimate.OfBytes(exchange.Facts.PromptBytes) + (4L * exchange.Facts.Messages),
        Others = others,
    };

    private static Payer PayerOf(Exchange exchange) => new(
        exchange.Key!.Team.Id, exchange.Key.Id, exchange.Key.Budget, exchange.Presented is null ? null : exchange.Http.Features.Get<GatewayAddress>()?.Path.Gateway);

    /// <summary>The output that the balance pays for beside the prompt, when that is of any use and less than was wanted.</summary>
    private static long? Affordable(Exchange exchange, Terms terms, long available)
    {
        var answers = Math.Max(1, exchange.Facts.N);
        var tokens = Cost.TokensFor(terms.Priced!.Dearest, available - terms.Prompt, terms.Percent) / answers * answers;
        return exchange.Front.Operation == Operation.Chat && tokens < terms.Wanted && tokens >= LeastTokens * answers ? tokens : null;
    }

    /// <summary>What one request may cost, and what of it is held.</summary>
    /// <param name="Priced">Null: it is not charged.</param>
    /// <param name="Percent">The team's factor of prices.</param>
    private sealed record Terms(PricedRoute? Priced, int Percent)
    {
        public static Terms Free { get; } = new(Priced: null, Percent: 100);

        public ExchangeStep? Step { get; init; }

        /// <summary>Of the prompt, in ticks.</summary>
        public long Prompt { get; init; }

        /// <summary>Output tokens at most.</summary>
        public long Most { get; init; }

        /// <summary>Output tokens that are held.</summary>
        public long Wanted { get; set; }

        public long Ticks => Prompt + Cost.Bound(Priced!.Dearest, 0, Wanted, percent: Percent);
    }
}
