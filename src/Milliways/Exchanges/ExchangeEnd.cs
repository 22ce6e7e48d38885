using System.Runtime.CompilerServices;
using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>The one end of every exchange: what was used is settled and every lease closed, whatever happened before.</summary>
internal sealed class ExchangeEnd(FailureLog failures)
{
    public static Failure Unexpected { get; } = new(FailureKind.Internal, FailureParty.Gateway, "internal", "An internal error occurred.");

    public static Ending Of(Failure? failure) => failure switch
    {
        { Stage: "shutdown" } => Ending.Shutdown,
        { Party: FailureParty.Client } => Ending.Refused,
        _ => Ending.UpstreamFailed,
    };

    /// <summary>Ends it, once; a second time does nothing. To be awaited at once, which gives why the charge could not be made durable, if it could not: then nothing more may be sent but that.</summary>
    public Closing EndAsync(Exchange exchange, List<ILease> leases, Ending ending, Failure? failure)
    {
        if (exchange.HasEnded)
            return default;
        exchange.HasEnded = true;
        var bill = exchange.Bill ?? exchange.SpareBill;
        return new Closing(this, exchange, leases, ending, failure, bill, bill?.SettleAsync(exchange, OutcomeOf(exchange, ending, failure)) ?? default);
    }

    private Failure? Close(Exchange exchange, List<ILease> leases, Ending ending, Failure? failure, Failure? unsettled)
    {
        var outcome = OutcomeOf(exchange, unsettled is null ? ending : Ending.UpstreamFailed, unsettled ?? failure);
        exchange.Log?.Outcome = outcome;
        for (var i = leases.Count - 1; i >= 0; i--)
            leases[i].Close(outcome);
        exchange.Failed = failure ?? unsettled;
        if (exchange.Failed is { Party: not FailureParty.Client } failed)
            failures.Add(exchange, failed);
        return unsettled;
    }

    private static Outcome OutcomeOf(Exchange exchange, Ending ending, Failure? failure) =>
        new(ending, exchange.Meter.Usage, exchange.Meter.Source, failure) { Discarded = exchange.Discarded, IsAdmitted = exchange.IsAdmitted };

    /// <summary>
    /// An end under way: whoever awaits it waits for the bill, and then closes the leases itself. Every charged answer waits here for the disk, and a method of its own that waits would be an
    /// object and a hop more for each.
    /// </summary>
    internal readonly struct Closing(ExchangeEnd? end, Exchange exchange, List<ILease> leases, Ending ending, Failure? failure, IBill? bill, ValueTask<long> settling) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => settling.IsCompleted;

        public Closing GetAwaiter() => this;

        public Failure? GetResult() => end?.Close(exchange, leases, ending, failure, bill?.Conclude(settling));

        public void OnCompleted(Action continuation) => settling.GetAwaiter().OnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => settling.GetAwaiter().UnsafeOnCompleted(continuation);
    }
}
