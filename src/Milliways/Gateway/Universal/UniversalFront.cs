using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Gateway.Calls;
using Milliways.Keys;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Gateway.Universal;

/// <summary>
/// The universal endpoint (cloudflare 1.8): one exchange whose steps stand for each other. Behind the gates it makes a front of each step, which is then a call
/// of a provider's path or of compat like any other; from there on the exchange is those.
/// </summary>
internal sealed class UniversalFront(GatewayCall call, GatewayServices services) : IFront
{
    private const KeyEndpoints Any = KeyEndpoints.Chat | KeyEndpoints.Embed | KeyEndpoints.Image | KeyEndpoints.Models;

    public PresentedKey? Presented => call.Presented;

    public Operation Operation => Operation.PassThrough;

    public Flavour Flavour { get; private set; } = Flavour.OpenAi;

    public bool ReadsBody => false;

    public ReadOnlySpan<byte> KeepAlive => default;

    /// <summary>The flavour that the key or the gateway is set to; null: each path's own.</summary>
    private Flavour? Set { get; set; }

    public IFront In(Flavour flavour)
    {
        (Flavour, Set) = (flavour, flavour);
        return this;
    }

    /// <summary>What the steps do, each of them says.</summary>
    public KeyEndpoints EndpointsOf(HttpContext http) => Any;

    public async ValueTask<Failure?> BeginAsync(Exchange exchange)
    {
        if (await RequestBody.ReadAsync(exchange) is { } unread)
            return unread;
        var read = UniversalBody.Read(exchange.Body);
        if (!read.IsOk)
            return read.Failure;
        var isList = exchange.Body.Span.TrimStart(" \t\r\n"u8).StartsWith("["u8);
        foreach (var step in read.Value)
        {
            exchange.Secrets.AddHead(step.Head);
            exchange.Secrets.AddQuery(step.Query);
        }
        var steps = new ExchangeStep[read.Value.Count];
        for (var i = 0; i < steps.Length; i++)
        {
            var front = Front(read.Value[i], i, isList);
            if (!front.IsOk)
                return front.Failure;
            steps[i] = new ExchangeStep(i, Set is { } flavour ? front.Value.In(flavour) : front.Value, read.Value[i].Body)
            {
                Refusal = exchange.Key!.Acls.Allows(front.Value.EndpointsOf(exchange.Http)) ? null : new Failure(FailureKind.Forbidden, FailureParty.Client, "acl",
                    $"This API key may not call what step {i} calls: it needs the ACL {KeyAcls.EndpointPrefix}{KeyAcls.Word(front.Value.EndpointsOf(exchange.Http))} or {KeyAcls.EndpointPrefix}*."),
            };
        }
        exchange.Begin(steps);
        return null;
    }

    public int Status(Failure failure) => GatewayErrors.Plain.Status(failure);

    public void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => GatewayErrors.Plain.WriteFailure(failure, requestId, output);

    public string RouteName(RequestFacts facts) => "";

    public bool IsSameDialect(Upstream upstream) => true;

    public Reading<byte[]>? AnswerLocally(Exchange exchange, Attempt attempt) => null;

    public Reading<PreparedCall> Prepare(Exchange exchange, Attempt attempt) => throw new InvalidOperationException("A step's front prepares its call.");

    public void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output)
    {
    }

    public Failure ReadRefusal(Attempt attempt, int status, ReadOnlySpan<byte> body, string? retryAfter) => Api.UpstreamRefusal.Read(attempt, status, body, retryAfter);

    /// <summary>The front of a step, as its address would have at the gateway; a slug that nobody has is told at once.</summary>
    private Reading<GatewayFront> Front(UniversalStep step, int index, bool isList)
    {
        var made = step.Call(call, index);
        if (step.Provider != GatewayRoutes.Compat)
            return services.Providers.Find(call.Path.Account, step.Provider) is null
                ? GatewayErrors.UnknownProviderOf(UniversalStep.Name(isList ? index : null, "provider"), step.Provider)
                : new ProviderFront(made, step.Provider, step.Endpoint, CallKinds.Of(made.Method, step.Endpoint), services);
        // Documents have it without its last letter, too (cloudflare 1.8).
        var rest = GatewayRoutes.CompatRest(step.Endpoint) is var written && written == "chat/completion" ? "chat/completions" : written;
        return GatewayRoutes.CompatKind(rest) is { } kind ? new CompatFront(made, kind, services)
            : GatewayErrors.UnknownProviderOf(UniversalStep.Name(isList ? index : null, "endpoint"), $"compat/{step.Endpoint}");
    }
}
