using System.Runtime.CompilerServices;
using Milliways.Exchanges;
using Milliways.Gateway;
using Milliways.Hosting.Configuration;
using Milliways.Limits.Counting;
using Milliways.Limits.Sharing;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Limits;

/// <summary>
/// The gate of limits: a request is counted under its team, its key, its model and its gateway, under all of them or, when one refuses, under none. What is
/// left goes out with every answer, and nothing of what is refused reaches an upstream.
/// </summary>
internal sealed class LimitGate(LimitBook book, SharedLimits shared, ConfigState configuration, ModelLimits models, TimeProvider time) : IAdmissionGate
{
    private readonly OwnLimits _own = new();

    public ValueTask<Admission> EnterAsync(Exchange exchange, Route route, CancellationToken cancel)
    {
        if (!IsLimited(exchange.Front.Operation))
            return ValueTask.FromResult(Admission.Free);
        var found = new Found();
        var count = Find(ref found, exchange);
        if (exchange.Steps is { } steps)
            return Enter(exchange, OfSteps(found[..count], steps));
        foreach (var model in models.Of(exchange.RouteName, route))
            Add(ref found, ref count, model);
        return Enter(exchange, found[..count]);
    }

    private ValueTask<Admission> Enter(Exchange exchange, ReadOnlySpan<ScopedLimits> scopes)
    {
        if (scopes.IsEmpty)
            return ValueTask.FromResult(Admission.Free);
        var tokens = IsAny(scopes) ? RequestTokens.Of(exchange) : default;
        return shared.IsOn ? EnterShared(exchange, scopes, tokens) : ValueTask.FromResult(EnterLocal(exchange, scopes, tokens));
    }

    private Admission EnterLocal(Exchange exchange, ReadOnlySpan<ScopedLimits> scopes, in TokenBound tokens)
    {
        var held = new HeldLimit[scopes.Length];
        for (var i = 0; i < held.Length; i++)
            held[i].Asked = scopes[i];
        var admitted = book.TryEnter(exchange.Key!.Team.Id, held, tokens, out var team, out var at, out var hit, out var standing);
        LimitHeaders.Write(exchange, standing, time);
        return admitted ? new Admission(new LocalLease(exchange, team, held, at, tokens.Prompt), null) : Refused(exchange, hit, tokens);
    }

    private ValueTask<Admission> EnterShared(Exchange exchange, ReadOnlySpan<ScopedLimits> scopes, TokenBound tokens)
    {
        var held = new ShareHold[scopes.Length];
        for (var i = 0; i < held.Length; i++)
            held[i].Asked = scopes[i];
        var entry = shared.TryEnter(exchange.Key!.Team.Id, held, tokens, out var team, out var waiter, out var hit, out var standing);
        return entry == ShareEntry.Wait
            ? WaitAsync(exchange, team, waiter, held, tokens)
            : ValueTask.FromResult(Answer(exchange, new ShareAnswer(entry, hit, standing), team, held, tokens));
    }

    private async ValueTask<Admission> WaitAsync(Exchange exchange, TeamShares team, ShareWaiter? waiter, ShareHold[] held, TokenBound tokens) =>
        waiter is null ? Admission.Refused(LimitFailure.Unavailable) : Answer(exchange, await shared.WaitAsync(team, waiter), team, held, tokens);

    private Admission Answer(Exchange exchange, in ShareAnswer answer, TeamShares team, ShareHold[] held, in TokenBound tokens)
    {
        if (answer.Entry == ShareEntry.Wait)
            return Admission.Refused(LimitFailure.Unavailable);
        LimitHeaders.Write(exchange, answer.Standing, time);
        return answer.Entry == ShareEntry.Admitted
            ? new Admission(new SharedLease(exchange, shared, team, held, tokens.Prompt), null)
            : Refused(exchange, answer.Hit, tokens);
    }

    private Admission Refused(Exchange exchange, in LimitHit hit, in TokenBound tokens) =>
        Admission.Refused(LimitFailure.Of(hit, tokens, exchange.Key!.Team.Id, exchange.RouteName, time));

    /// <summary>Inference; counting tokens, files and lists are not.</summary>
    private static bool IsLimited(Operation operation) =>
        operation is Operation.Chat or Operation.Embeddings or Operation.ImageGenerations or Operation.ImageEdits;

    /// <summary>Tokens are only counted where somebody limits them.</summary>
    private static bool IsAny(ReadOnlySpan<ScopedLimits> scopes)
    {
        foreach (var scope in scopes)
            if (scope.Limits.TokensPerMinute is not null)
                return true;
        return false;
    }

    /// <summary>The scopes that every request of a key has.</summary>
    private int Find(ref Found found, Exchange exchange)
    {
        var (key, defaults, count) = (exchange.Key!, configuration.InEffect.Limits, 0);
        Add(ref found, ref count, new ScopedLimits(ScopeName.Team, _own.Over(defaults.PerTeam, key.Team.Limits)));
        Add(ref found, ref count, new ScopedLimits(ScopeName.Key(key.Id), _own.Over(defaults.PerKey, key.Limits)));
        if (exchange.Presented is not null && exchange.Http.Features.Get<GatewayAddress>() is { } address)
            Add(ref found, ref count, new ScopedLimits(ScopeName.Gateway(address.Path.Gateway), defaults.PerGateway));
        return count;
    }

    /// <summary>Once under each scope, and under the model of every step that may be asked: another step before it is no way around a model's limit.</summary>
    private ScopedLimits[] OfSteps(ReadOnlySpan<ScopedLimits> common, IReadOnlyList<ExchangeStep> steps)
    {
        List<ScopedLimits> all = [.. common];
        foreach (var step in steps.Where(step => step.Refusal is null && IsLimited(step.Front.Operation)))
            all.AddRange(models.Of(step.RouteName, step.Route!));
        return [.. all.DistinctBy(scope => scope.Name)];
    }

    private static void Add(ref Found found, ref int count, in ScopedLimits scope)
    {
        if (!scope.Limits.IsEmpty)
            found[count++] = scope;
    }

    /// <summary>Room for team, key, gateway, the entries of an alias that leads on eight times, and the catalogue.</summary>
    [InlineArray(12)]
    private struct Found
    {
        private ScopedLimits _first;
    }
}
