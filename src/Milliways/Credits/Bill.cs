using Milliways.Catalogue;
using Milliways.Credits.Pricing;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Credits;

/// <summary>The money of one exchange: its hold, what covers a growing stream, and the one charge at its end.</summary>
internal sealed class Bill(ILedger ledger, Hold hold, Payer payer, PricedRoute priced, CreditFailures failures, ICreditEvents events, TimeProvider time) : IBill
{
    /// <summary>How far a stream is paid ahead of what it delivers, in tokens.</summary>
    private const long Ahead = 1024;

    /// <summary>More tokens than any model can take or make: an upstream that reports more is not believed.</summary>
    private const long Absurd = 100_000_000;

    private long _heldOutput;

    public required int Percent { get; init; }

    /// <summary>What the prompt can cost at most, in ticks; part of the hold.</summary>
    public required long Prompt { get; init; }

    /// <summary>Output tokens that the hold pays for beside the prompt.</summary>
    public required long HeldOutput { get => _heldOutput; init => _heldOutput = value; }

    /// <summary>Output tokens at most, all answers together.</summary>
    public required long MostOutput { get; init; }

    /// <summary>Tokens of the prompt when nobody counts them.</summary>
    public required long PromptEstimate { get; init; }

    /// <summary>The prices of an exchange's other steps: what was used there in vain has them.</summary>
    public IReadOnlyList<PricedRoute> Others { get; init; } = [];

    public long Charged { get; private set; }

    public (ChatUsage Usage, UsageSource Source) Settled { get; private set; }

    public ValueTask<Failure?> CoverAsync(long textBytes) =>
        Math.Min(textBytes, MostOutput) <= _heldOutput || priced.Dearest.DearestOutput == 0 ? default : TopUpAsync(textBytes);

    public long Covered => _heldOutput >= MostOutput || priced.Dearest.DearestOutput == 0 ? long.MaxValue : _heldOutput;

    public ValueTask<long> SettleAsync(Exchange exchange, in Outcome outcome)
    {
        var discarded = outcome.Discarded.Count == 0 ? [] : outcome.Discarded.Select(Discard).ToArray();
        var delivers = exchange.HasCommitted && ReferenceEquals(exchange.Bill, this); // a step that somebody else pays for leaves nothing but what was used in vain
        if (!delivers && discarded.Length == 0)
        {
            ledger.Release(hold);
            return default;
        }
        var (usage, source) = delivers ? Final(exchange, outcome) : (default, UsageSource.None);
        Settled = (usage, source);
        var images = delivers ? ImagesOf(exchange) : 0;
        var price = exchange.Answering is { } answering ? priced.Of(answering) ?? priced.Dearest : priced.Dearest;
        var cost = delivers ? Cost.Of(price, usage, images, Percent) : 0;
        var charge = new Charge
        {
            RequestId = exchange.RequestId,
            Payer = payer,
            Time = time.GetUtcNow(),
            Model = exchange.Facts.Model,
            Upstream = exchange.Answering?.Label ?? "",
            Usage = usage,
            Images = images,
            Source = source,
            Ending = outcome.Ending,
            Cost = cost,
            Tags = exchange.Http.Request.Headers.TryGetValue(CallerHeaders.Tags, out var tags) ? HeaderText.Safe(tags.ToString()) : null,
            Discarded = discarded,
        };
        // A stream holds less than it was admitted for; what it may cost by that bound is still the team's, if the team has it.
        return cost > hold.Ticks && Prompt + Cost.Bound(priced.Dearest, 0, MostOutput, percent: Percent) is var most && most > hold.Ticks
            ? TopUpAndSettleAsync(charge, Math.Min(cost, most) - hold.Ticks)
            : ledger.SettleAsync(hold, charge, inline: true);
    }

    public Failure? Conclude(ValueTask<long> settled)
    {
        try
        {
#pragma warning disable RS0030 // It has completed, and is taken once.
            Charged = settled.Result;
#pragma warning restore RS0030
            return null;
        }
        catch (LedgerUnavailableException)
        {
            return failures.Of(HoldRefusal.Unavailable, payer.Team, hasHadCredit: true);
        }
    }

    private async ValueTask<long> TopUpAndSettleAsync(Charge charge, long more)
    {
        await ledger.TopUpAsync(hold, more, CancellationToken.None);
        return await ledger.SettleAsync(hold, charge, inline: true);
    }

    private async ValueTask<Failure?> TopUpAsync(long textBytes)
    {
        // A whole step ahead if there is money for it, else exactly what is about to go out.
        var wanted = Math.Min(textBytes + Ahead, MostOutput);
        if (await AddAsync(wanted) is null)
            return null;
        if (await AddAsync(Math.Min(textBytes, MostOutput)) is not { } refusal)
            return null;
        events.Refused(payer, refusal);
        return failures.Of(refusal, payer.Team, hasHadCredit: true) with { Stage = "stream" };
    }

    private async ValueTask<HoldRefusal?> AddAsync(long tokens)
    {
        var more = Cost.Bound(priced.Dearest, 0, tokens, percent: Percent) - Cost.Bound(priced.Dearest, 0, _heldOutput, percent: Percent);
        var refusal = more > 0 ? await ledger.TopUpAsync(hold, more, CancellationToken.None) : null;
        if (refusal is null)
            _heldOutput = tokens;
        return refusal;
    }

    /// <summary>
    /// What was used, as far as anybody knows. A stream that ended early may have told its prompt at the start and nothing of what it delivered since: then the
    /// delivered text counts where it is more.
    /// </summary>
    private (ChatUsage Usage, UsageSource Source) Final(Exchange exchange, in Outcome outcome)
    {
        var delivered = TokenEstimate.OfBytes(exchange.Meter.TextBytes);
        if (outcome.Source == UsageSource.None)
            return (new ChatUsage(PromptEstimate, 0, 0, Math.Min(delivered, MostOutput), 0), UsageSource.Estimated);
        var usage = Believable(outcome.Usage);
        return outcome.Ending != Ending.Completed && delivered > usage.Output
            ? (usage with { Output = Math.Min(delivered, Math.Max(usage.Output, MostOutput)) }, UsageSource.Estimated)
            : (usage, outcome.Source);
    }

    private static ChatUsage Believable(in ChatUsage usage) => usage with
    {
        Input = Math.Clamp(usage.Input, 0, Absurd),
        CacheRead = Math.Clamp(usage.CacheRead, 0, Absurd),
        CacheWrite = Math.Clamp(usage.CacheWrite, 0, Absurd),
        Output = Math.Clamp(usage.Output, 0, Absurd),
        Reasoning = Math.Clamp(usage.Reasoning, 0, Absurd),
        Calls = Math.Clamp(usage.Calls, 0, Absurd),
    };

    private static long ImagesOf(Exchange exchange) =>
        exchange.Front.Operation is Upstreams.Operation.ImageGenerations or Upstreams.Operation.ImageEdits ? Math.Clamp(exchange.Facts.N, 1, 128) : 0;

    private DiscardedCost Discard(DiscardedUsage one) =>
        new(one.Upstream, one.Usage, Cost.Of(PriceOf(one.Upstream), Believable(one.Usage)));

    private ModelPrice PriceOf(string upstream)
    {
        if (priced.Of(upstream) is { } own)
            return own;
        foreach (var other in Others)
            if (other.Of(upstream) is { } price)
                return price;
        return priced.Dearest;
    }
}
