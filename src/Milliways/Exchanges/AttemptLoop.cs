using System.Globalization;
using Milliways.Dialects.Chat;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Exchanges;

/// <summary>
/// Tries the attempts of a route in order until one reaches the content commit. Until then nothing of an answer has left, so a broken upstream costs
/// the caller nothing but time.
/// </summary>
internal static class AttemptLoop
{
    /// <summary>The most an upstream's error body may hold; what is behind it is not read.</summary>
    private const int MostErrorBytes = 1 << 20;

    private static readonly TimeSpan DeathNotice = TimeSpan.FromSeconds(2);

    /// <summary>The most a whole answer may hold.</summary>
    private const int MostAnswerBytes = 256 << 20;

    public static async Task<Reading<CommittedAnswer>> RunAsync(Exchange exchange, Route route)
    {
        Failure? last = null;
        foreach (var attempt in route.Attempts)
        {
            var (result, died) = await TryAsync(exchange, attempt);
            // A request that waited in a process of ours when that died has lost nothing but time: it is tried once more.
            if (died is not null && await died)
                (result, _) = await TryAsync(exchange, attempt);
            if (result.IsOk)
                return result;
            last = result.Failure;
            if (exchange.IsClientGone || !AnotherMayHelp(last))
                break;
        }
        return last!;
    }

    /// <summary>A refusal of the request itself would be the same everywhere; everything else may go better at the next upstream.</summary>
    private static bool AnotherMayHelp(Failure failure) =>
        (failure.Party != FailureParty.Client || failure.UpstreamStatus is 403 or 404) && failure.Stage is not ("total" or "shutdown");

    /// <summary>One attempt. The second value is there when the upstream broke before it answered and is a process of ours: it tells whether that died.</summary>
    private static async Task<(Reading<CommittedAnswer> Result, Task<bool>? Died)> TryAsync(Exchange exchange, Attempt attempt)
    {
        IUpstreamStay? entered = null;
        var result = await TryAsync(exchange, attempt, stay => entered = stay);
        var broke = !result.IsOk && entered is not null && result.Failure is { Kind: FailureKind.UpstreamBroken, Stage: "headers" or "connect" } && !exchange.IsClientGone;
        return (result, broke ? DiedAsync(entered!, exchange.Cancel) : null);
    }

    /// <summary>A broken connection is seen before the end of the process is; if that does not come soon, it was something else.</summary>
    private static async Task<bool> DiedAsync(IUpstreamStay stay, CancellationToken cancel)
    {
        await Task.WhenAny(stay.Gone, Task.Delay(DeathNotice, cancel));
        return stay.Gone.IsCompleted;
    }

    private static async Task<Reading<CommittedAnswer>> TryAsync(Exchange exchange, Attempt attempt, Action<IUpstreamStay> onEntered)
    {
        var upstream = attempt.Upstream;
        exchange.NextAttempt();
        if (exchange.Stopped is { } over)
            return over;
        exchange.Attempts++;
        exchange.Answering = attempt;
        exchange.Timeouts = upstream.Timeouts;
        exchange.Drains = upstream.DrainsWhenClientGone;
        if (upstream.OffBecause is not null)
            return new Failure(FailureKind.Overloaded, FailureParty.Gateway, "route", $"The upstream {upstream.Name} is switched off: {upstream.OffBecause}.");

        if (exchange.Front.AnswerLocally(exchange, attempt) is { } body)
            return new CommittedAnswer(new Relays.LocalRelay(body), call: null, stay: null);
        var address = upstream.UriFor(exchange.Front.Operation);
        if (address is null)
            return Failure.Unsupported(
                $"The model is served by the upstream {upstream.Name}, which has no such operation ({exchange.Front.Operation}): choose another model.", "model");
        // Inline completions are for bytes that pass through: reading and writing another dialect is work for the pool (design §4, "Memory").
        if (!exchange.Front.IsSameDialect(upstream))
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var prepared = exchange.Front.Prepare(exchange, attempt);
        if (!prepared.IsOk)
            return prepared.Failure;
        exchange.Dropped = prepared.Value.Dropped;
        if (exchange.Dropped.Count > 0 && exchange.IsStrict)
            return Failure.Unsupported(
                $"The upstream {upstream.Name} cannot express {string.Join(", ", exchange.Dropped)}: leave it away, or do not send x-milliways-strict.", exchange.Dropped.First());

        exchange.Await(Waiting.Headers);
        IUpstreamStay? stay = null;
        UpstreamCall? call = null;
        var stage = "headers";
        try
        {
            if (upstream.Guard is not null)
            {
                var entered = await upstream.Guard.EnterAsync(prepared.Value.Body, exchange.Cancel);
                if (!entered.IsOk)
                    return entered.Failure;
                stay = entered.Value;
                onEntered(stay);
            }
            call = await UpstreamCall.SendAsync(upstream, address, prepared.Value, exchange);
            exchange.Await(Waiting.FirstEvent);
            if (call.Status is < 200 or > 299)
                return await ReadRefusalAsync(exchange, attempt, call);
            stage = "first-event";
            var answer = new CommittedAnswer(prepared.Value.Relay, call, stay);
            var failure = await ReadToCommitAsync(exchange, answer);
            if (failure is not null)
            {
                answer.Held.Dispose();
                stay?.Broke();
                return failure;
            }
            (call, stay) = (null, null); // the answer owns them now
            return answer;
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or OperationCanceledException)
        {
            if (!exchange.IsClientGone)
                stay?.Broke();
            return exchange.Stopped ?? (exchange.IsClientGone ? ClientGone : UpstreamCall.Describe(broken, upstream, stage));
        }
        finally
        {
            if (call is not null)
                await call.DisposeAsync();
            stay?.Dispose();
        }
    }

    public static Failure ClientGone { get; } = new(FailureKind.Timeout, FailureParty.Client, "gone", "The caller left.");

    /// <summary>Reads until the caller can be given something, or the answer is whole; a failure here can still be another attempt's chance.</summary>
    private static async Task<Failure?> ReadToCommitAsync(Exchange exchange, CommittedAnswer answer)
    {
        var (relay, call) = (answer.Relay, answer.Call!);
        if (relay.NeedsWholeBody || call.ContentType == "application/json")
        {
            if (!await call.ReadAllAsync(MostAnswerBytes, exchange))
                return Failure.Broken("body", string.Create(CultureInfo.InvariantCulture, $"The upstream's answer is larger than {MostAnswerBytes >> 20} MiB."));
            if (call.Unread.Length > RequestBody.LightBytes)
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            call.Advance(relay.Feed(call.Unread, endOfBody: true, answer.Held, exchange.Meter));
        }
        else
        {
            var more = true;
            while (more && relay.State == RelayState.Open && !relay.HasContent)
            {
                more = await call.ReadAsync(exchange.Cancel);
                exchange.Await(Waiting.FirstEvent);
                call.Advance(relay.Feed(call.Unread, endOfBody: !more, answer.Held, exchange.Meter));
            }
        }
        return relay.State == RelayState.Failed ? relay.Failure : null;
    }

    private static async Task<Failure> ReadRefusalAsync(Exchange exchange, Attempt attempt, UpstreamCall call)
    {
        await call.ReadAllAsync(MostErrorBytes, exchange);
        return exchange.Front.ReadRefusal(attempt, call.Status, call.Unread, call.Header("Retry-After"));
    }
}
