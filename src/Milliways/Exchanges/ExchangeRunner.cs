using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Exchanges.Attempts;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Exchanges;

/// <summary>
/// The walk of a request:
/// <code>
///   gates -> body and facts -> route -> checks -> admission -> attempts (until the content commit) -> pump -> end -> tail
/// </code>
/// Every front goes through here. What is charged is settled in <see cref="ExchangeEnd"/>, before the tail, so the caller never sees the end of an
/// answer that is not accounted for.
/// </summary>
internal sealed class ExchangeRunner(
    IEnumerable<IGate> gates, StepPreparation steps, ModelAccess access, LiveRouting routing, PromptCheck prompts, IEnumerable<IBodyCheck> checks, IEnumerable<IAdmissionGate> admissions, AttemptLoop attempts,
    OpenExchanges open, DetachedExchanges detached,
    BodyBudget budget, TimeProvider time, ExchangeEnd end, ILogger<ExchangeRunner> log, IExchangeLogs? logs = null)
{
    private readonly IGate[] _gates = [.. gates];
    private readonly IBodyCheck[] _checks = [.. checks];
    private readonly IAdmissionGate[] _admissions = [.. admissions];

    public async Task RunAsync(HttpContext http, IFront front)
    {
        var exchange = new Exchange(http, front, RequestIds.Of(http), time, budget);
        exchange.Log = logs?.Begin(exchange.RequestId);
        var leases = new List<ILease>(_gates.Length);
        open.Add(exchange);
        try
        {
            var failure = await EnterAsync(exchange, leases);
            if (failure is not null)
            {
                await RefuseAsync(exchange, leases, failure);
                return;
            }
            await AnswerAsync(exchange, leases);
        }
        finally
        {
            if (!exchange.IsDetached)
                await CloseAsync(exchange, leases);
        }
    }

    /// <summary>Whatever flew past: an exchange that was not ended by its own path ends here.</summary>
    private async ValueTask CloseAsync(Exchange exchange, List<ILease> leases)
    {
        if (!exchange.HasEnded)
            await end.EndAsync(exchange, leases, Ending.UpstreamFailed, ExchangeEnd.Unexpected);
        foreach (var lease in leases)
            lease.Release();
        open.Remove(exchange);
        RequestBody.Release(exchange);
        if (exchange.Log is { } entry)
            logs!.Close(exchange, entry);
        exchange.Dispose();
    }

    /// <summary>1 and 2: the gates that need no body, the body, and its facts.</summary>
    private async Task<Failure?> EnterAsync(Exchange exchange, List<ILease> leases)
    {
        var wrong = CallerHeaders.Read(exchange); // told to those who may know
        foreach (var gate in _gates)
        {
            if (Take(leases, await gate.EnterAsync(exchange, exchange.Cancel)) is { } refusal)
                return refusal;
        }
        if (exchange.Log is { } entry)
            logs!.Entered(exchange, entry);
        if (wrong is not null)
            return wrong;
        if (!exchange.Front.ReadsBody)
        {
            exchange.Facts = RequestFacts.None;
            var refused = await exchange.Front.BeginAsync(exchange);
            if (exchange is { Steps: not null, Log: { } stepped })
                logs!.Stepped(exchange, stepped);
            return refused;
        }
        var failure = await exchange.Front.ReadBodyAsync(exchange);
        if (failure is not null)
            return failure;
        var facts = RequestScanner.Read(exchange.Body.Span);
        if (!facts.IsOk)
            return facts.Failure;
        // Only chat has streams; elsewhere the member means nothing and goes on with the bytes.
        exchange.Facts = exchange.Front.Operation == Operation.Chat ? facts.Value : facts.Value with { Stream = false };
        return exchange.Front.NeedsMessages && !facts.Value.HasMessages
            ? Failure.Unprocessable("missing field `messages`: send the conversation as a list.", "messages")
            : await exchange.Front.BeginAsync(exchange);
    }

    /// <summary>3 to 5: route, attempts, pump, end, tail.</summary>
    private Task AnswerAsync(Exchange exchange, List<ILease> leases)
    {
        if (exchange.Steps is not null)
            return AnswerStepsAsync(exchange, leases, exchange.Steps);
        var name = exchange.Front.RouteName(exchange.Facts);
        if (access.Refusal(exchange, name) is { } denied)
            return RefuseAsync(exchange, leases, denied);
        var route = exchange.Front.RouteOf(exchange) ?? routing.Router.Resolve(name, exchange.Front.Operation, exchange.Key!.Team);
        if (!route.IsOk)
            return RefuseAsync(exchange, leases, route.Failure);
        return exchange.Body.Length > RequestBody.LightBytes
            ? AnswerLargeAsync(exchange, leases, name, route.Value)
            : AnswerAsync(exchange, leases, name, route.Value);
    }

    /// <summary>The same for several requests that stand for each other: each is looked at by itself, all are admitted once.</summary>
    private async Task AnswerStepsAsync(Exchange exchange, List<ILease> leases, IReadOnlyList<ExchangeStep> all)
    {
        if (await steps.PrepareAsync(exchange, all) is { } nothing)
        {
            await RefuseAsync(exchange, leases, nothing);
            return;
        }
        foreach (var gate in _admissions)
        {
            if (gate.IsForEachStep)
                continue;
            StepPreparation.TurnToFirst(exchange, all);
            if (Take(leases, await gate.EnterAsync(exchange, exchange.Step!.Route!, exchange.Cancel)) is not { } refusal)
                continue;
            await RefuseAsync(exchange, leases, refusal);
            return;
        }
        exchange.IsAdmitted = true;
        await ServeAsync(exchange, leases, StepPreparation.RouteOf(all));
    }

    /// <summary>Large bodies are work for the pool, not for the thread that serves a socket.</summary>
    private async Task AnswerLargeAsync(Exchange exchange, List<ILease> leases, string name, Route route)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await AnswerAsync(exchange, leases, name, route);
    }

    private Task AnswerAsync(Exchange exchange, List<ILease> leases, string name, Route route)
    {
        if (prompts.Refusal(exchange, name, route) is { } unfit)
            return RefuseAsync(exchange, leases, unfit);
        foreach (var check in _checks)
            if (check.Concerns(exchange))
                return CheckedAsync(exchange, leases, name, route);
        if (_admissions.Length > 0)
            return AdmitAsync(exchange, leases, name, route);
        exchange.IsAdmitted = true;
        return GoOnAsync(exchange, leases, route);
    }

    private async Task CheckedAsync(Exchange exchange, List<ILease> leases, string name, Route route)
    {
        if (await CheckBodyAsync(exchange, route) is { } forbidden)
            await RefuseAsync(exchange, leases, forbidden);
        else
            await AdmitAsync(exchange, leases, name, route);
    }

    /// <summary>The last gates: limits and credits, which must know what is asked. Nearly always they answer at once.</summary>
    private Task AdmitAsync(Exchange exchange, List<ILease> leases, string name, Route route)
    {
        exchange.RouteName = name;
        for (var i = 0; i < _admissions.Length; i++)
        {
            var entering = _admissions[i].EnterAsync(exchange, route, exchange.Cancel);
            if (!entering.IsCompletedSuccessfully)
                return AdmitAsync(exchange, leases, route, i, entering.AsTask());
#pragma warning disable RS0030 // It has completed, and is taken once.
            if (Take(leases, entering.Result) is { } refusal)
#pragma warning restore RS0030
                return RefuseAsync(exchange, leases, refusal);
        }
        return AdmittedAsync(exchange, leases, route);
    }

    private async Task AdmitAsync(Exchange exchange, List<ILease> leases, Route route, int at, Task<Admission> entering)
    {
        while (true)
        {
            if (Take(leases, await entering) is { } refusal)
            {
                await RefuseAsync(exchange, leases, refusal);
                return;
            }
            if (++at == _admissions.Length)
                break;
            entering = _admissions[at].EnterAsync(exchange, route, exchange.Cancel).AsTask();
        }
        await AdmittedAsync(exchange, leases, route);
    }

    private static Failure? Take(List<ILease> leases, in Admission admission)
    {
        if (admission.Lease is not null)
            leases.Add(admission.Lease);
        return admission.Refusal;
    }

    private Task AdmittedAsync(Exchange exchange, List<ILease> leases, Route route)
    {
        exchange.IsAdmitted = true;
        return GoOnAsync(exchange, leases, exchange.PricedRoute ?? route);
    }

    private Task GoOnAsync(Exchange exchange, List<ILease> leases, Route route) =>
        exchange.Front is IConversation conversation ? ConverseAsync(exchange, leases, conversation)
        : exchange.Detachment is { } detachment ? DetachAsync(exchange, leases, route, detachment) : ServeAsync(exchange, leases, route);

    /// <summary>A socket in the place of attempts and pump.</summary>
    private async Task ConverseAsync(Exchange exchange, List<ILease> leases, IConversation conversation)
    {
        if (await conversation.TalkAsync(exchange) is { } failure)
            await RefuseAsync(exchange, leases, failure);
        else
            await end.EndAsync(exchange, leases, exchange.IsClientGone ? Ending.ClientGone : Ending.Completed, failure: null);
    }

    private async ValueTask<Failure?> CheckBodyAsync(Exchange exchange, Route route)
    {
        foreach (var check in _checks)
            if (check.Concerns(exchange) && await check.CheckAsync(exchange, route) is { } failure)
                return failure;
        return null;
    }

    /// <summary>The caller is answered now; attempts, pump and end go on without it.</summary>
    private async Task DetachAsync(Exchange exchange, List<ILease> leases, Route route, IDetachment detachment)
    {
        if (await detachment.AcceptAsync(exchange) is { } refused)
        {
            exchange.IsAdmitted = false;
            await RefuseAsync(exchange, leases, refused);
            return;
        }
        var (caller, context) = (exchange.Http, new DetachedContext(exchange.Http));
        exchange.Log?.Capture?.Watch(context.Http);
        exchange.Detach(context);
        detachment.Started(context);
        detached.Run(() => FinishDetachedAsync(exchange, leases, route, detachment, context));
        await detachment.AnswerCallerAsync(caller);
    }

    private async Task FinishDetachedAsync(Exchange exchange, List<ILease> leases, Route route, IDetachment detachment, DetachedContext context)
    {
        using var _ = context;
        try
        {
            await ServeAsync(exchange, leases, route);
        }
        catch (Exception unexpected)
        {
            log.LogError(unexpected, "{Request} failed unexpectedly after its caller was answered", exchange.RequestId);
        }
        finally
        {
            await CloseAsync(exchange, leases);
            await detachment.FinishedAsync(exchange, context);
        }
    }

    private async Task ServeAsync(Exchange exchange, List<ILease> leases, Route route)
    {
        // Where steps stand for each other nobody knows before the content commit which of them answers, and with what: there are no signs of life.
        if (exchange.Facts.Stream && exchange.Steps is null)
            exchange.Caller = new CallerStream(exchange.Http.Response.BodyWriter, time);

        var committed = await attempts.RunAsync(exchange, route);
        if (!committed.IsOk)
        {
            await RefuseAsync(exchange, leases, committed.Failure);
            return;
        }
        await using var answer = committed.Value;
        exchange.HasCommitted = true;
        if (exchange.Facts.Stream)
            exchange.Caller ??= new CallerStream(exchange.Http.Response.BodyWriter, time);
        RequestBody.Release(exchange); // nothing needs the body after the content commit
        if (exchange.Caller is null)
            await SendWholeAsync(exchange, leases, answer);
        else
            await SendStreamAsync(exchange, leases, answer, exchange.Caller);
    }

    private async Task SendWholeAsync(Exchange exchange, List<ILease> leases, CommittedAnswer answer)
    {
        if (await end.EndAsync(exchange, leases, exchange.IsClientGone ? Ending.ClientGone : Ending.Completed, failure: null) is { } unsettled)
        {
            await RefuseAsync(exchange, leases, unsettled);
            return;
        }
        answer.Relay.WriteTail(answer.Held, exchange.Bill?.Charged);
        if (exchange.Keeper is not null)
            await exchange.Keeper.KeepAsync(exchange, answer.Held.Written.ToArray());
        var response = exchange.Http.Response;
        AnswerHead.Apply(exchange, answer.Relay.ContentType);
        exchange.Log?.Began(exchange.Age);
        if (exchange.Trailing is { } trailing)
        {
            if (trailing.Pack(exchange.Http, answer.Held.WrittenMemory, out var packed) is { } untold)
            {
                exchange.Failed = untold;
                await TearAsync(exchange, untold);
                return;
            }
            response.BodyWriter.Write(packed.Span);
        }
        else
        {
            response.ContentLength = answer.Held.Length;
            response.BodyWriter.Write(answer.Held.Written);
        }
        await CompleteAsync(exchange);
    }

    private async Task SendStreamAsync(Exchange exchange, List<ILease> leases, CommittedAnswer answer, CallerStream caller)
    {
        var (gone, failure) = await StreamPump.RunAsync(exchange, answer, caller);
        await caller.EnterAsync();
        try
        {
            caller.End();
            if (gone)
                await end.EndAsync(exchange, leases, Ending.ClientGone, AttemptLoop.ClientGone);
            else if (answer.Relay.State == RelayState.Complete)
            {
                if (await end.EndAsync(exchange, leases, Ending.Completed, failure: null) is { } unsettled)
                {
                    await TearAsync(exchange, unsettled, answer.Relay);
                    return;
                }
                await WriteTailAsync(exchange, answer, caller);
                await CompleteAsync(exchange);
            }
            else
            {
                failure ??= Failure.Broken("stream", "The upstream's answer broke.");
                answer.Broke(failure);
                await end.EndAsync(exchange, leases, ExchangeEnd.Of(failure), failure);
                await TearAsync(exchange, failure, answer.Relay);
            }
        }
        finally
        {
            caller.Exit();
        }
    }

    /// <summary>Sends the last bytes and, where it stands behind them, the outcome with them.</summary>
    private static async ValueTask CompleteAsync(Exchange exchange)
    {
        var response = exchange.Http.Response;
        exchange.Await(Waiting.Caller);
        if (exchange.Trailing is not { } trailing)
        {
            await response.BodyWriter.FlushAsync(CancellationToken.None);
            return;
        }
        trailing.Complete(exchange);
        await response.CompleteAsync();
    }

    private static async ValueTask WriteTailAsync(Exchange exchange, CommittedAnswer answer, CallerStream caller)
    {
        if (exchange.Keeper is null)
        {
            answer.Relay.WriteTail(caller.Writer, exchange.Bill?.Charged);
            return;
        }
        var tail = new ArrayBufferWriter<byte>();
        answer.Relay.WriteTail(tail, exchange.Bill?.Charged);
        await exchange.Keeper.KeepAsync(exchange, tail.WrittenMemory);
        caller.Writer.Write(tail.WrittenSpan);
    }

    /// <summary>A failure before the content commit: an error answer, or, when a keep-alive has already committed the status, an error event.</summary>
    private async Task RefuseAsync(Exchange exchange, List<ILease> leases, Failure failure)
    {
        var ending = exchange.IsClientGone ? Ending.ClientGone : ExchangeEnd.Of(failure);
        await end.EndAsync(exchange, leases, ending, failure);
        if (ending == Ending.ClientGone)
            return;
        exchange.Log?.Began(exchange.Age);
        var caller = exchange.Caller;
        if (caller is null)
        {
            await FailureAnswer.WriteAsync(exchange.Http, exchange.Front, failure, exchange);
            return;
        }
        await caller.EnterAsync();
        try
        {
            caller.End();
            if (exchange.Http.Response.HasStarted)
                await TearAsync(exchange, failure);
            else
                await FailureAnswer.WriteAsync(exchange.Http, exchange.Front, failure, exchange);
        }
        finally
        {
            caller.Exit();
        }
    }

    /// <summary>
    /// Ends a stream that has begun: the dialect's error event, then a torn connection. A proper end of the body would be taken for a clean answer by
    /// every client (vectors/README §4). Where the outcome stands behind the body it is told there.
    /// </summary>
    private static async Task TearAsync(Exchange exchange, Failure failure, IRelay? relay = null)
    {
        if (exchange.Trailing is { } trailing)
        {
            trailing.Fail(exchange, failure);
            exchange.Await(Waiting.Caller);
            await exchange.Http.Response.CompleteAsync();
            return;
        }
        IBufferWriter<byte> output = exchange.Caller is { } caller ? caller.Writer : exchange.Http.Response.BodyWriter;
        if (relay?.WriteFailure(failure, output) != true)
            exchange.Front.WriteStreamFailure(failure, exchange.RequestId, output);
        exchange.Await(Waiting.Caller);
        // The second flush is for what the first may have deferred: a connection that is torn loses it.
        for (var flush = 0; flush < 2; flush++)
            await exchange.Http.Response.BodyWriter.FlushAsync(CancellationToken.None);
        throw new TornAnswerException();
    }
}

/// <summary>
/// Thrown to make the server close the connection without ending the body properly. It is no error of ours: what happened has been told and logged.
/// </summary>
internal sealed class TornAnswerException() : Exception("The answer was torn on purpose.");
