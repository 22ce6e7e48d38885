using System.Globalization;
using Milliways.Dialects.Chat;
using Milliways.Routing;
using Milliways.Routing.Health;
using Milliways.Routing.Order;
using Milliways.Routing.Retries;

namespace Milliways.Exchanges.Attempts;

/// <summary>
/// Tries the attempts of a route until one reaches the content commit; the only owner of attempts. Until then nothing of an answer has left, so a broken
/// upstream costs the caller nothing but time. What comes next says <see cref="RetryPlan"/>, who is passed over says <see cref="Breaker"/>.
/// </summary>
internal sealed class AttemptLoop(AttemptOrder order, HealthBoard health, Lots lots, TimeProvider time, ILogger<AttemptLoop> log)
{
    private readonly Func<double> _draw = lots.NextFraction;

    public static Failure ClientGone { get; } = new(FailureKind.Timeout, FailureParty.Client, "gone", "The caller left.");

    public async Task<Reading<CommittedAnswer>> RunAsync(Exchange exchange, Route route)
    {
        route = Arranged(exchange, route);
        var attempts = route.Attempts;
        var course = new Course(exchange, route, attempts, RetryPlans.Of(route, attempts, _draw));
        Failure? told = null;
        var (teller, answer) = (exchange.Answering, exchange.Refused);
        while (course.Plan.Next(exchange.Age, exchange.Left) is { } next)
        {
            exchange.NextAttempt();
            if (await WaitAsync(exchange, next.Wait) is { } over)
                return over;
            if (!TryEnter(course, next.Index, out var state, out var pass))
                continue;
            Reading<CommittedAnswer> result;
            if (route.HedgeAfter is { } after && next.FirstPart is null && course.Plan.HasFresh)
                result = await RaceAsync(course, Begin(course, next.Index, state, pass), after);
            else
            {
                // The only try that runs: what most requests need and no more.
                var one = NewTry(course, next.Index, exchange.Cancel, next.FirstPart);
                result = Settle(course, next.Index, one, await TryAsync(exchange, one, state, pass));
            }
            if (result.IsOk)
                return result;
            if (exchange.IsClientGone || !course.Plan.MayGoOn(result.Failure))
                return result.Failure;
            if (told is null || IsToldRather(exchange, result.Failure, told))
                (told, teller, answer) = (result.Failure, exchange.Answering, exchange.Refused);
        }
        if (course.WasAvoided && (told is null || FailureRules.IsBeforeTheCall(told)))
            return await ForceAsync(course);
        if (teller is not null)
            exchange.Turn(teller.Step);
        (exchange.Answering, exchange.Refused) = (teller, answer);
        return told!;
    }

    /// <summary>The latest failure of somebody who was asked; among several requests, the latest answer of a provider.</summary>
    private static bool IsToldRather(Exchange exchange, Failure latest, Failure told) => exchange.Steps is null
        ? !FailureRules.IsBeforeTheCall(latest)
        : latest.UpstreamStatus is not null || (told.UpstreamStatus is null && !FailureRules.IsBeforeTheCall(latest));

    /// <summary>The route with its attempts in the order of this request; steps keep theirs, and have each its own within.</summary>
    private Route Arranged(Exchange exchange, Route route)
    {
        if (route.Steps is not { } steps)
        {
            var attempts = order.Arrange(route, exchange.Facts.Stream, route.Order == RouteOrder.Priority ? null : SessionKey.Of(exchange));
            return ReferenceEquals(attempts, route.Attempts) ? route : route with { Attempts = attempts };
        }
        Route[] arranged = [.. steps.Select(step => step with { Attempts = order.Arrange(step, isStream: true, session: null) })];
        return route with { Attempts = [.. arranged.SelectMany(step => step.Attempts)], Steps = arranged };
    }

    /// <summary>Waits before a retry, with signs of life going on; a failure when that ended the exchange.</summary>
    private async ValueTask<Failure?> WaitAsync(Exchange exchange, TimeSpan wait)
    {
        if (exchange.Stopped is { } over)
            return over;
        if (wait <= TimeSpan.Zero)
            return null;
        exchange.Await(Waiting.Retry);
        try
        {
            await Task.Delay(wait, time, exchange.Cancel);
            return null;
        }
        catch (OperationCanceledException)
        {
            return exchange.Stopped ?? ClientGone;
        }
    }

    private bool TryEnter(Course course, int index, out AttemptHealth state, out AttemptPass pass)
    {
        state = health.Of(course.Attempts[index]);
        if (state.TryEnter(out pass))
            return true;
        course.Plan.Skipped(index);
        course.WasAvoided = true;
        return false;
    }

    /// <summary>Every upstream is avoided: the one whose break ends first is asked once all the same, a few requests at a time; the others are told when to come back.</summary>
    private async Task<Reading<CommittedAnswer>> ForceAsync(Course course)
    {
        var open = Enumerable.Range(0, course.Attempts.Count).Where(index => course.Attempts[index].Upstream.OffBecause is null);
        var first = open.MinBy(index => health.Of(course.Attempts[index]).OpensIn);
        var ill = health.Of(course.Attempts[first]);
        if (ill.TryForce(out var pass))
        {
            var one = NewTry(course, first, course.Exchange.Cancel);
            return Settle(course, first, one, await TryAsync(course.Exchange, one, ill, pass));
        }
        course.Exchange.Answering = course.Attempts[first];
        return new Failure(FailureKind.Overloaded, FailureParty.Gateway, "breaker", $"The upstream {course.Attempts[first].Upstream.Name} fails at the moment and is given time: try again shortly.")
        {
            RetryAfterSeconds = Math.Max(1, (int)Math.Ceiling(ill.OpensIn.TotalSeconds)),
        };
    }

    /// <summary>Begins a try that others may run beside: it may be ended without the exchange.</summary>
    private Lane Begin(Course course, int index, AttemptHealth state, AttemptPass pass)
    {
        var own = CancellationTokenSource.CreateLinkedTokenSource(course.Exchange.Cancel);
        var one = NewTry(course, index, own.Token);
        return new Lane(index, one, own, TryAsync(course.Exchange, one, state, pass));
    }

    private UpstreamTry NewTry(Course course, int index, CancellationToken cancel, TimeSpan? firstPart = null)
    {
        var (exchange, attempt) = (course.Exchange, course.Attempts[index]);
        // The last failure is the exchange's own, those before it are told as steps.
        if (course.Failed is { } failed)
            exchange.Log!.Failed(failed);
        (course.Failed, course.Began) = (null, exchange.Age);
        exchange.Turn(attempt.Step);
        exchange.Attempts++;
        Answers(exchange, attempt);
        return new UpstreamTry(exchange, attempt, course.Route.HoldBackTokens, cancel) { FirstPart = firstPart is { } limit ? new FirstPart(exchange, attempt.Upstream.Name, limit, time) : null };
    }

    private static void Answers(Exchange exchange, Attempt attempt) =>
        (exchange.Answering, exchange.Timeouts, exchange.Drains) = (attempt, attempt.Upstream.Timeouts, attempt.Upstream.DrainsWhenClientGone);

    /// <summary>A try, told to the breaker in any case, however it ends.</summary>
    private async Task<Reading<CommittedAnswer>> TryAsync(Exchange exchange, UpstreamTry one, AttemptHealth state, AttemptPass pass)
    {
        var (model, connection, began) = (Verdict.Unknown, Verdict.Unknown, time.GetTimestamp());
        try
        {
            var result = await one.RunAsync();
            if (!result.IsOk && !exchange.IsClientGone && !one.IsLost)
            {
                connection = FailureRules.OfConnection(result.Failure);
                model = connection == Verdict.Bad ? Verdict.Unknown : FailureRules.Of(result.Failure, exchange.IsPaidElsewhere);
            }
            else if (result.IsOk && result.Value.Call is not null)
            {
                (model, connection) = (Verdict.Good, Verdict.Good);
                result.Value.Health = state;
                state.Latency(exchange.Facts.Stream).Measured(time.GetElapsedTime(began));
            }
            return result;
        }
        finally
        {
            pass.Tell(model, connection);
        }
    }

    /// <summary>Waits for a try's end: its answer becomes the exchange's, or its failure is remembered.</summary>
    private static async Task<Reading<CommittedAnswer>> SettleAsync(Course course, Lane lane)
    {
        var result = await lane.Running;
        lane.Own.Dispose();
        Answers(course.Exchange, lane.Try.Attempt);
        return Settle(course, lane.Index, lane.Try, result);
    }

    private static Reading<CommittedAnswer> Settle(Course course, int index, UpstreamTry one, Reading<CommittedAnswer> result)
    {
        var exchange = course.Exchange;
        if (result.IsOk)
        {
            (exchange.Meter, exchange.Dropped) = (one.Meter, one.Dropped);
            return result;
        }
        exchange.Discard(one.Attempt, one.Meter);
        course.Plan.Failed(index, result.Failure, exchange.Age);
        if (exchange.Step is not null && exchange.Log is { } log)
            course.Failed = StepOf(exchange, log, one.Attempt, result.Failure, course.Began);
        return result;
    }

    private static LogStep StepOf(Exchange exchange, ExchangeLog log, Attempt attempt, Failure failure, TimeSpan began)
    {
        var created = log.Created + began;
        return new LogStep(RequestIds.NewGuid(created), created, attempt.Step, attempt.Upstream.Provider, exchange.Facts.Model, attempt.Upstream.Name, exchange.Front.Status(failure), exchange.Age - began, failure);
    }

    /// <summary>Hedging: when the first try has no content after a while, another one runs beside it; first content wins.</summary>
    private async Task<Reading<CommittedAnswer>> RaceAsync(Course course, Lane first, TimeSpan after)
    {
        if (await IsDoneWithinAsync(first, after) || NextLane(course) is not { } second)
            return await SettleAsync(course, first);
        var (winner, loser) = await Task.WhenAny(first.Running, second.Running) == first.Running ? (first, second) : (second, first);
        var result = await SettleAsync(course, winner);
        if (!result.IsOk && FailureRules.AnotherMayHelp(result.Failure) && !course.Exchange.IsClientGone)
        {
            course.Exchange.Answering = loser.Try.Attempt;
            return await SettleAsync(course, loser);
        }
        await LoseAsync(course, loser, winner.Try.Attempt);
        return result;
    }

    private async Task<bool> IsDoneWithinAsync(Lane lane, TimeSpan after)
    {
        using var stop = new CancellationTokenSource();
        await Task.WhenAny(lane.Running, Task.Delay(after, time, stop.Token));
        await stop.CancelAsync();
        return lane.Running.IsCompleted;
    }

    private Lane? NextLane(Course course)
    {
        while (course.Plan.NextFresh() is { } index)
            if (TryEnter(course, index, out var state, out var pass))
                return Begin(course, index, state, pass);
        return null;
    }

    /// <summary>
    /// Ends the try that came too late. It is waited for, so that nothing of it touches an exchange that goes on without it; a cancelled call ends at once.
    /// What it used is the operator's, whether or not it had begun.
    /// </summary>
    private async Task LoseAsync(Course course, Lane loser, Attempt winner)
    {
        await loser.Own.CancelAsync();
        var result = await loser.Running;
        if (result.IsOk)
            await result.Value.DisposeAsync();
        loser.Own.Dispose();
        var (exchange, one) = (course.Exchange, loser.Try);
        exchange.Discard(one.Attempt, one.Meter);
        if (log.IsEnabled(LogLevel.Information))
            log.LogInformation("{Request} {Upstream} was slower than {Winner} and was cancelled; it had reported {Input} tokens in, {Output} out", exchange.RequestId,
                one.Attempt.Label, winner.Label, Text(one.Meter.Usage.TotalInput), Text(one.Meter.Usage.Output));
    }

    private static string Text(long tokens) => tokens.ToString(CultureInfo.InvariantCulture);

    /// <summary>One request's way through its attempts.</summary>
    private sealed record Course(Exchange Exchange, Route Route, IReadOnlyList<Attempt> Attempts, IRetryPlan Plan)
    {
        /// <summary>An open breaker kept an attempt from being made.</summary>
        public bool WasAvoided { get; set; }

        /// <summary>When the latest try began, in the exchange's age.</summary>
        public TimeSpan Began { get; set; }

        /// <summary>The latest failure of one of several requests, for the log; null: there is none, or nothing is logged.</summary>
        public LogStep? Failed { get; set; }
    }

    /// <summary>A try that runs.</summary>
    private sealed record Lane(int Index, UpstreamTry Try, CancellationTokenSource Own, Task<Reading<CommittedAnswer>> Running);
}
