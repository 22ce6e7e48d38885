using Milliways.Dialects.Chat;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Exchanges;

/// <summary>
/// What stands before the admission of an exchange of several steps: each is begun, routed and checked as a request of its own. A step that cannot be made is
/// as good as one that failed; when none can, the exchange is refused with what was wrong with the last.
/// </summary>
internal sealed class StepPreparation(ModelAccess access, LiveRouting routing, PromptCheck prompts, IEnumerable<IBodyCheck> checks, IEnumerable<IAdmissionGate> gates)
{
    private readonly IBodyCheck[] _checks = [.. checks];
    private readonly IAdmissionGate[] _gates = [.. gates.Where(gate => gate.IsForEachStep)];

    /// <summary>A failure when no step is left.</summary>
    public async ValueTask<Failure?> PrepareAsync(Exchange exchange, IReadOnlyList<ExchangeStep> steps)
    {
        foreach (var step in steps)
        {
            exchange.Turn(step.Index);
            step.Refusal ??= await PrepareAsync(exchange, step);
        }
        return steps.Any(step => step.Refusal is null) ? null : steps[^1].Refusal;
    }

    /// <summary>Turns to the step that stands for all where something is counted once: the first that is a model's, or the first at all.</summary>
    public static void TurnToFirst(Exchange exchange, IReadOnlyList<ExchangeStep> steps)
    {
        var first = steps.FirstOrDefault(step => step.Refusal is null && step.Front.Operation != Operation.PassThrough) ?? steps.First(step => step.Refusal is null);
        exchange.Turn(first.Index);
    }

    /// <summary>The one route of all that can be made.</summary>
    public static Route RouteOf(IReadOnlyList<ExchangeStep> steps)
    {
        var routes = new List<Route>(steps.Count);
        foreach (var step in steps)
            if (step.Refusal is null)
                routes.Add(step.Route! with { Attempts = [.. step.Route!.Attempts.Select(attempt => attempt with { Step = step.Index })] });
        return new Route([.. routes.SelectMany(route => route.Attempts)]) { Retries = 0, Steps = routes };
    }

    private async ValueTask<Failure?> PrepareAsync(Exchange exchange, ExchangeStep step)
    {
        if (await exchange.Front.BeginAsync(exchange) is { } refused)
            return refused;
        if (exchange.Detachment is not null)
        {
            exchange.Detachment = null;
            return Failure.Invalid("`deferred` cannot be used in a step of several: send the request by itself.", "deferred");
        }
        var name = exchange.RouteName = step.RouteName = exchange.Front.RouteName(exchange.Facts);
        if (access.Refusal(exchange, name) is { } denied)
            return denied;
        var route = exchange.Front.RouteOf(exchange) ?? routing.Router.Resolve(name, exchange.Front.Operation, exchange.Key!.Team);
        if (!route.IsOk)
            return route.Failure;
        step.Route = route.Value;
        if (prompts.Refusal(exchange, name, route.Value) is { } unfit)
            return unfit;
        foreach (var check in _checks)
            if (check.Concerns(exchange) && await check.CheckAsync(exchange, route.Value) is { } forbidden)
                return forbidden;
        foreach (var gate in _gates)
            if ((await gate.EnterAsync(exchange, route.Value, exchange.Cancel)).Refusal is { } closed)
                return closed;
        return null;
    }
}
