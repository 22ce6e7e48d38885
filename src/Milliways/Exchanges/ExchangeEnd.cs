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

    /// <summary>Ends it, once; a second time does nothing.</summary>
    /// <returns>Why the charge could not be made durable, if it could not: then nothing more may be sent but that.</returns>
    public ValueTask<Failure?> EndAsync(Exchange exchange, List<ILease> leases, Ending ending, Failure? failure)
    {
        if (exchange.HasEnded)
            return default;
        exchange.HasEnded = true;
        if ((exchange.Bill ?? exchange.SpareBill) is not { } bill)
            return new ValueTask<Failure?>(Close(exchange, leases, ending, failure, unsettled: null));
        var settling = bill.SettleAsync(exchange, OutcomeOf(exchange, ending, failure));
        return settling.IsCompletedSuccessfully
            ? new ValueTask<Failure?>(Close(exchange, leases, ending, failure, settling.Result))
            : CloseAsync(exchange, leases, ending, failure, settling);
    }

    // Every answer that is charged waits here for the disk: its state is taken from a pool.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Failure?> CloseAsync(Exchange exchange, List<ILease> leases, Ending ending, Failure? failure, ValueTask<Failure?> settling) =>
        Close(exchange, leases, ending, failure, await settling);

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
}
