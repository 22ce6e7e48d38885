using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Exchanges.Attempts;

namespace Milliways.Exchanges;

/// <summary>
/// Moves a committed stream from the upstream to the caller: one flush for each read, so that no whole event waits for another one. It stops at the end
/// of the answer, without sending the tail.
/// </summary>
internal static class StreamPump
{
    /// <returns>Whether the caller has left, and what broke the answer, if something did.</returns>
    public static async Task<(bool Gone, Failure? Failure)> RunAsync(Exchange exchange, CommittedAnswer answer, CallerStream caller)
    {
        var relay = answer.Relay;
        if (await CoverAsync(exchange, answer, unread: 0) is { } unpaid)
            return (false, unpaid);
        var gone = !await SendHeldAsync(exchange, answer, caller);
        Failure? failure = null;
        while (!gone && failure is null && relay.State == RelayState.Open)
        {
            exchange.Await(Waiting.NextEvent);
            bool more;
            try
            {
                more = answer.Call!.Took(await answer.Call.ReceiveAsync(exchange.Cancel, PaidRead.Bytes(exchange.Bill, exchange.Meter, answer.Call)));
            }
            catch (Exception broken) when (broken is HttpRequestException or IOException or InvalidDataException or OperationCanceledException)
            {
                failure = exchange.Stopped ?? UpstreamCall.Describe(broken, exchange.Answering!.Upstream, "stream");
                break;
            }
            failure = await CoverAsync(exchange, answer, answer.Call!.Unread.Length);
            if (failure is not null)
                break;
            gone = !await ForwardAsync(exchange, answer, caller, endOfBody: !more);
        }
        if (exchange.Drains && (gone || exchange.IsClientGone))
            await UpstreamDrain.RunAsync(exchange, answer);
        return (gone || exchange.IsClientGone, failure ?? exchange.Stopped ?? relay.Failure);
    }

    /// <summary>Nothing is delivered that is not paid for; what was not fed to the relay yet may be text to its last byte.</summary>
    private static ValueTask<Failure?> CoverAsync(Exchange exchange, CommittedAnswer answer, int unread) =>
        exchange.Bill is { } bill && answer.Relay.State == RelayState.Open ? bill.CoverAsync(exchange.Meter.TextBytes + unread) : default;

    /// <summary>The head, and what the relay wrote before the content commit; false when the caller is gone.</summary>
    private static async Task<bool> SendHeldAsync(Exchange exchange, CommittedAnswer answer, CallerStream caller)
    {
        await caller.EnterAsync();
        try
        {
            AnswerHead.Apply(exchange, answer.Relay.ContentType);
            exchange.Log?.Began(exchange.Age);
            caller.Writer.Write(answer.Held.Written);
            return answer.Held.Length == 0 || await FlushAsync(exchange, caller);
        }
        finally
        {
            caller.Exit();
        }
    }

    /// <summary>What the last read brought; false when the caller is gone. Most chunks go on at once, which costs no state.</summary>
    private static ValueTask<bool> ForwardAsync(Exchange exchange, CommittedAnswer answer, CallerStream caller, bool endOfBody)
    {
        var entering = caller.EnterAsync();
        if (!entering.IsCompletedSuccessfully)
            return ForwardLaterAsync(entering, exchange, answer, caller, endOfBody);
        ValueTask<bool> flushing;
        try
        {
            Feed(exchange, answer, caller, endOfBody);
            flushing = FlushAsync(exchange, caller);
        }
        catch
        {
            caller.Exit();
            throw;
        }
        if (!flushing.IsCompletedSuccessfully)
            return FlushedAsync(flushing, caller);
        caller.Exit();
        return flushing;
    }

    private static async ValueTask<bool> ForwardLaterAsync(ValueTask entering, Exchange exchange, CommittedAnswer answer, CallerStream caller, bool endOfBody)
    {
        await entering;
        try
        {
            Feed(exchange, answer, caller, endOfBody);
            return await FlushAsync(exchange, caller);
        }
        finally
        {
            caller.Exit();
        }
    }

    private static async ValueTask<bool> FlushedAsync(ValueTask<bool> flushing, CallerStream caller)
    {
        try
        {
            return await flushing;
        }
        finally
        {
            caller.Exit();
        }
    }

    private static void Feed(Exchange exchange, CommittedAnswer answer, CallerStream caller, bool endOfBody)
    {
        var call = answer.Call!;
        call.Advance(answer.Relay.Feed(call.Unread, endOfBody, caller.Writer, exchange.Meter));
    }

    /// <summary>
    /// Not cancelled by a time-out of the upstream: Kestrel tears a connection whose flush is cancelled, and the error event would be lost. A caller that
    /// leaves ends the flush by itself, one that does not read is let go by the sweep.
    /// </summary>
    private static ValueTask<bool> FlushAsync(Exchange exchange, CallerStream caller)
    {
        exchange.Await(Waiting.Caller);
        return caller.FlushAsync(CancellationToken.None);
    }
}
