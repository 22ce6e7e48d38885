using System.Runtime.CompilerServices;
using Milliways.Exchanges;
using Milliways.Gateway;
using Milliways.Hosting.Configuration;
using Milliways.Limits.Counting;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Limits;

/// <summary>
/// The gate of limits: a request is counted under its team, its key, its model and its gateway, under all of them or, when one refuses, under none. What is
/// left goes out with every answer, and nothing of what is refused reaches an upstream.
/// </summary>
internal sealed class LimitGate(LimitBook book, ConfigState configuration, ModelLimits models, TimeProvider time) : IAdmissionGate
{
    private readonly OwnLimits _own = new();

    public ValueTask<Admission> EnterAsync(Exchange exchange, Route route, CancellationToken cancel)
    {
        if (!IsLimited(exchange.Front.Operation) || ScopesOf(exchange, route) is not { Length: > 0 } held)
            return ValueTask.FromResult(Admission.Free);
        var tokens = Array.Exists(held, one => one.Asked.Limits.TokensPerMinute is not null) ? RequestTokens.Of(exchange) : default;
        var key = exchange.Key!;
        var admitted = book.TryEnter(key.Team.Id, held, tokens, out var team, out var at, out var hit, out var standing);
        LimitHeaders.Write(exchange, standing, time);
        return ValueTask.FromResult(admitted
            ? new Admission(new LimitLease(exchange, team, held, at, tokens.Prompt), null)
            : Admission.Refused(LimitFailure.Of(hit, tokens, key.Team.Id, exchange.RouteName, time)));
    }

    /// <summary>Inference; counting tokens, files and lists are not.</summary>
    private static bool IsLimited(Operation operation) =>
        operation is Operation.Chat or Operation.Embeddings or Operation.ImageGenerations or Operation.ImageEdits;

    private HeldLimit[] ScopesOf(Exchange exchange, Route route)
    {
        var (key, defaults, found) = (exchange.Key!, configuration.InEffect.Limits, new Found());
        var count = 0;
        Add(ref found, ref count, new ScopedLimits(ScopeName.Team, _own.Over(defaults.PerTeam, key.Team.Limits)));
        Add(ref found, ref count, new ScopedLimits(ScopeName.Key(key.Id), _own.Over(defaults.PerKey, key.Limits)));
        if (exchange.Http.Features.Get<GatewayAddress>() is { } address)
            Add(ref found, ref count, new ScopedLimits(ScopeName.Gateway(address.Path.Gateway), defaults.PerGateway));
        if (exchange.Steps is { } steps)
            return OfSteps(found, count, steps);
        foreach (var model in models.Of(exchange.RouteName, route))
            Add(ref found, ref count, model);
        if (count == 0)
            return [];
        var held = new HeldLimit[count];
        for (var i = 0; i < count; i++)
            held[i].Asked = found[i];
        return held;
    }

    /// <summary>Once under each scope, and under the model of every step that may be asked: another step before it is no way around a model's limit.</summary>
    private HeldLimit[] OfSteps(Found common, int count, IReadOnlyList<ExchangeStep> steps)
    {
        var all = new List<ScopedLimits>();
        for (var i = 0; i < count; i++)
            all.Add(common[i]);
        foreach (var step in steps.Where(step => step.Refusal is null && IsLimited(step.Front.Operation)))
            all.AddRange(models.Of(step.RouteName, step.Route!));
        return [.. all.DistinctBy(scope => scope.Name).Select(scope => new HeldLimit { Asked = scope })];
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
