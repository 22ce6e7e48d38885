using System.Globalization;
using Milliways.Dialects.Chat;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Exchanges.Attempts;

/// <summary>One try at one upstream, up to the content commit. What it finds out is its own until it wins: several may run beside each other.</summary>
/// <param name="exchange">Whose request is tried.</param>
/// <param name="attempt">Where.</param>
/// <param name="holdBackTokens">How many tokens of a stream must have come before it counts as begun.</param>
/// <param name="cancel">Ends this try; the exchange's own end does too.</param>
internal sealed class UpstreamTry(Exchange exchange, Attempt attempt, int holdBackTokens, CancellationToken cancel)
{
    /// <summary>The most an upstream's error body may hold; what is behind it is not read.</summary>
    private const int MostErrorBytes = 1 << 20;

    /// <summary>The most a whole answer may hold.</summary>
    private const int MostAnswerBytes = 256 << 20;

    /// <summary>The most that is held back of a stream, whatever its tokens are: then it counts as begun.</summary>
    private const int MostHeldBytes = 1 << 20;

    private static readonly TimeSpan DeathNotice = TimeSpan.FromSeconds(2);

    private readonly Upstream _upstream = attempt.Upstream;

    /// <summary>There when the upstream is a process of ours and was entered.</summary>
    private IUpstreamStay? _entered;

    public Attempt Attempt => attempt;

    /// <summary>Watches how long the caller waits for the first part of an answer; null: as long as the upstream's time-outs say.</summary>
    public FirstPart? FirstPart { get; init; }

    public Meter Meter { get; private set; } = new() { IsIdle = exchange.Bill is null };

    /// <summary>Names left out on the way to this upstream.</summary>
    public IReadOnlyCollection<string> Dropped { get; private set; } = [];

    /// <summary>It was ended because another try beside it won.</summary>
    public bool IsLost => cancel.IsCancellationRequested && !exchange.Cancel.IsCancellationRequested;

    public Task<Reading<CommittedAnswer>> RunAsync() => FirstPart is null && _upstream.Guard is null ? OnceAsync() : RunWatchedAsync();

    private async Task<Reading<CommittedAnswer>> RunWatchedAsync()
    {
        using var _ = FirstPart;
        var result = await OnceAsync();
        // A request that waited in a process of ours when that died has lost nothing but time: it is tried once more.
        if (!result.IsOk && _entered is { } entered && result.Failure is { Kind: FailureKind.UpstreamBroken, Stage: "headers" or "connect" } && !IsOver && await DiedAsync(entered))
        {
            exchange.Attempts++;
            Meter = new Meter { IsIdle = exchange.Bill is null };
            result = await OnceAsync();
        }
        return result;
    }

    private bool IsOver => exchange.IsClientGone || cancel.IsCancellationRequested;

    /// <summary>A broken connection is seen before the end of the process is; if that does not come soon, it was something else.</summary>
    private async Task<bool> DiedAsync(IUpstreamStay stay)
    {
        await Task.WhenAny(stay.Gone, Task.Delay(DeathNotice, cancel));
        return stay.Gone.IsCompleted;
    }

    private Task<Reading<CommittedAnswer>> OnceAsync()
    {
        _entered = null;
        if (_upstream.OffBecause is not null)
            return Task.FromResult<Reading<CommittedAnswer>>(
                new Failure(FailureKind.Overloaded, FailureParty.Gateway, "route", $"The upstream {_upstream.Name} is switched off: {_upstream.OffBecause}."));
        if (exchange.Front.AnswerLocally(exchange, attempt) is { } local)
            return Task.FromResult<Reading<CommittedAnswer>>(local.IsOk ? new CommittedAnswer(new Relays.LocalRelay(local.Value), call: null, stay: null) : local.Failure);
        var address = exchange.Front.AddressAt(exchange, attempt);
        if (address is null)
            return Task.FromResult<Reading<CommittedAnswer>>(Failure.Unsupported(
                $"The model is served by the upstream {_upstream.Name}, which does not serve {exchange.Http.Request.Path}: choose another model.", "model"));
        return exchange.Front.IsSameDialect(_upstream) ? PreparedAsync(address) : CrossAsync(address);
    }

    /// <summary>Inline completions are for bytes that pass through: reading and writing another dialect is work for the pool (design §4, "Memory").</summary>
    private async Task<Reading<CommittedAnswer>> CrossAsync(Uri address)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return await exchange.Front.FetchAsync(exchange, attempt, cancel) is { } unfetched ? unfetched : await PreparedAsync(address);
    }

    private Task<Reading<CommittedAnswer>> PreparedAsync(Uri address)
    {
        var prepared = exchange.Front.Prepare(exchange, attempt);
        if (!prepared.IsOk)
            return Task.FromResult<Reading<CommittedAnswer>>(prepared.Failure);
        Dropped = prepared.Value.Dropped;
        if (Dropped.Count > 0 && exchange.IsStrict)
            return Task.FromResult<Reading<CommittedAnswer>>(Failure.Unsupported(
                $"The upstream {_upstream.Name} cannot express {string.Join(", ", Dropped)}: leave it away, or do not send x-milliways-strict.", Dropped.First()));
        return CallAsync(address, prepared.Value);
    }

    private async Task<Reading<CommittedAnswer>> CallAsync(Uri address, PreparedCall prepared)
    {
        exchange.Await(Waiting.Headers);
        IUpstreamStay? stay = null;
        UpstreamCall? call = null;
        var stage = "headers";
        try
        {
            if (_upstream.Guard is not null)
            {
                var entered = await _upstream.Guard.EnterAsync(prepared.Body, cancel);
                if (!entered.IsOk)
                    return entered.Failure;
                stay = _entered = entered.Value;
            }
            call = await UpstreamCall.SendAsync(_upstream, address, prepared, exchange, cancel);
            exchange.Await(Waiting.FirstEvent);
            if (call.Status is < 200 or > 299)
            {
                FirstPart?.Came();
                return await ReadRefusalAsync(call);
            }
            stage = IsWhole(prepared.Relay, call) ? "body" : "first-event";
            prepared.Relay.Begin(call);
            var answer = new CommittedAnswer(prepared.Relay, call, stay);
            var failure = await ReadToCommitAsync(answer, prepared);
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
            if (!exchange.IsClientGone && !IsLost)
                stay?.Broke();
            return exchange.Stopped ?? (exchange.IsClientGone ? AttemptLoop.ClientGone : UpstreamCall.Describe(broken, _upstream, stage));
        }
        finally
        {
            if (call is not null)
                await call.DisposeAsync();
            stay?.Dispose();
        }
    }

    /// <summary>Reads until the caller can be given something, or the answer is whole; a failure here can still be another attempt's chance.</summary>
    private async Task<Failure?> ReadToCommitAsync(CommittedAnswer answer, PreparedCall prepared)
    {
        var (relay, call) = (answer.Relay, answer.Call!);
        if (IsWhole(relay, call))
        {
            if (FirstPart is not null && await call.ReadAsync(cancel))
                exchange.Await(Waiting.NextEvent);
            FirstPart?.Came();
            if (!await call.ReadAllAsync(MostAnswerBytes, exchange, cancel))
                return Failure.Broken("body", string.Create(CultureInfo.InvariantCulture, $"The upstream's answer is larger than {MostAnswerBytes >> 20} MiB."));
            if (call.Unread.Length > RequestBody.LightBytes)
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            if (!relay.NeedsWholeBody && IsObject(call.Unread) && prepared.WholeRelay?.Invoke() is { } unfolding)
                answer.Relay = relay = unfolding;
            call.Advance(relay.Feed(call.Unread, endOfBody: true, answer.Held, Meter));
        }
        else
        {
            var more = true;
            while (more && relay.State == RelayState.Open && !MayBegin(answer))
            {
                more = await call.ReadAsync(cancel, PaidRead.Bytes(exchange.Bill, Meter, call));
                FirstPart?.Came();
                exchange.Await(relay.HasContent ? Waiting.NextEvent : Waiting.FirstEvent);
                call.Advance(relay.Feed(call.Unread, endOfBody: !more, answer.Held, Meter));
            }
        }
        return relay.State == RelayState.Failed ? relay.Failure : null;
    }

    /// <summary>Nothing can be made of the answer before all of it is there: it was asked for whole, or it comes as one JSON document all the same.</summary>
    private static bool IsWhole(IRelay relay, UpstreamCall call) =>
        relay.NeedsWholeBody || (!relay.TakesAnyType && call.ContentType.Equals("application/json", StringComparison.OrdinalIgnoreCase));

    /// <summary>False for a stream with the wrong content type: its lines do not begin with a brace.</summary>
    private static bool IsObject(ReadOnlySpan<byte> body) =>
        (body.StartsWith("\uFEFF"u8) ? body[3..] : body).TrimStart(" \t\r\n"u8).StartsWith("{"u8);

    /// <summary>The content commit: there is content, and as much of it as shall be held back.</summary>
    private bool MayBegin(CommittedAnswer answer) =>
        answer.Relay.HasContent && (answer.Relay.ContentEvents >= holdBackTokens || answer.Held.Length >= MostHeldBytes);

    private async Task<Failure> ReadRefusalAsync(UpstreamCall call)
    {
        var isWhole = await call.ReadAllAsync(MostErrorBytes, exchange, cancel);
        var failure = exchange.Front.ReadRefusal(attempt, call.Status, call.Unread, call.Header("Retry-After"));
        if (exchange.Front.PassesAnswers && isWhole)
            exchange.Refused = new RefusedAnswer(failure, call.Status, PassedHeaders.Of(call), call.Unread.ToArray());
        return failure;
    }
}
