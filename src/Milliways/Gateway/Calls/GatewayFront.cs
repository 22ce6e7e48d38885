using System.Buffers;
using Milliways.Api;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Routing;
using Milliways.Teams;
using Milliways.Upstreams;

namespace Milliways.Gateway.Calls;

/// <summary>
/// One request on a gateway address: what every kind of them has in common. Where the bytes need reading or another dialect, a front of the inference API does
/// that; who is called, with whose key, and what errors look like is decided here. Made for each request.
/// </summary>
internal abstract class GatewayFront(GatewayCall call, CallKind kind, GatewayServices services, IFront? dialect) : IFront
{
    /// <summary>The remedy for a name of Grok's where no xAI upstream is.</summary>
    protected static string NoXai { get; } = ". There is no xAI upstream here: set XAI_API_KEY, or send an xAI key of your own with cf-aig-authorization for the gateway; "
        + $"{string.Join(" and ", StandIn.OfGateways.Append(StandIn.Chat))} are answered by the embedded model.";

    private IFront? _dialect = dialect;
    private GatewayErrors _errors = new(dialect);
    private Reading<Route> _route;

    public GatewayCall Call => call;

    public PresentedKey? Presented => call.Presented;

    public CallKind Kind => kind;

    /// <summary>The model as the caller has named it.</summary>
    protected string Asked { get; set; } = "";

    /// <summary>What is said behind the name of a model that nobody serves; it depends on the name alone, so that nobody learns what there is for others.</summary>
    protected virtual string Remedy => "";

    protected GatewayServices Services => services;

    /// <summary>Null: nobody here knows the path's dialect.</summary>
    protected IFront? Dialect => _dialect;

    /// <summary>The upstream's request is the caller's, byte for byte.</summary>
    protected bool IsRaw { get; set; }

    /// <summary>In the place of the upstream's key, where bytes cross.</summary>
    protected CallKey? Key { get; set; }

    /// <summary>Signs each request; null: the key is all.</summary>
    protected IRequestSigner? Signer { get; set; }

    public Operation Operation => kind.Operation();

    public Flavour Flavour => _dialect?.Flavour ?? Flavour.OpenAi;

    public bool SpeaksAnthropic => _dialect?.SpeaksAnthropic ?? false;

    public bool ReadsBody => false;

    public bool PassesAnswers => IsRaw;

    public ReadOnlySpan<byte> KeepAlive => IsRaw || _dialect is null ? default : _dialect.KeepAlive;

    public IFront In(Flavour flavour)
    {
        _dialect = _dialect?.In(flavour);
        _errors = new GatewayErrors(_dialect);
        return this;
    }

    public virtual KeyEndpoints EndpointsOf(HttpContext http) => kind switch
    {
        CallKind.Embeddings => KeyEndpoints.Embed,
        CallKind.Images => KeyEndpoints.Image,
        _ => KeyEndpoints.Chat,
    };

    public async ValueTask<Failure?> BeginAsync(Exchange exchange)
    {
        if (await DecideAsync(exchange) is { } refused)
            return refused;
        if (IsRaw || _dialect is null)
            return null;
        if (_dialect.NeedsMessages && !exchange.Facts.HasMessages)
            return Failure.Unprocessable("missing field `messages`: send the conversation as a list.", "messages");
        return await _dialect.BeginAsync(exchange);
    }

    /// <summary>Reads what has to be read and decides who is called (<see cref="Take"/>); a failure refuses the request.</summary>
    protected abstract ValueTask<Failure?> DecideAsync(Exchange exchange);

    public abstract string RouteName(RequestFacts facts);

    public Reading<Route>? RouteOf(Exchange exchange) => _route;

    public virtual Uri? AddressAt(Exchange exchange, Attempt attempt) => _dialect!.AddressAt(exchange, attempt);

    public bool IsSameDialect(Upstream upstream) => IsRaw || _dialect!.IsSameDialect(upstream);

    public virtual Reading<byte[]>? AnswerLocally(Exchange exchange, Attempt attempt) => IsRaw ? null : _dialect!.AnswerLocally(exchange, attempt);

    public ValueTask<Failure?> FetchAsync(Exchange exchange, Attempt attempt, CancellationToken cancel) => IsRaw ? default : _dialect!.FetchAsync(exchange, attempt, cancel);

    public virtual Reading<PreparedCall> Prepare(Exchange exchange, Attempt attempt)
    {
        var prepared = _dialect!.Prepare(exchange, attempt);
        return prepared.IsOk && Key is { } key && !attempt.Upstream.IsEngine ? prepared.Value with { Key = key, Signer = Signer } : prepared;
    }

    public Reading<ChatRequest>? ReadChat(Exchange exchange) => _dialect?.ReadChat(exchange);

    /// <summary>A key that the provider does not take is its owner's affair, and the owner is who asks.</summary>
    public Failure ReadRefusal(Attempt attempt, int status, ReadOnlySpan<byte> body, string? retryAfter) => call.Payment == Payment.Credits
        ? UpstreamRefusal.Read(attempt, status, body, retryAfter)
        : UpstreamRefusal.ReadForOwner(attempt, status, body, retryAfter);

    public int Status(Failure failure) => _errors.Status(Told(failure));

    public void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => _errors.WriteFailure(Told(failure), requestId, output);

    public void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output)
    {
        if (!IsRaw)
            _dialect?.WriteStreamFailure(failure, requestId, output);
    }

    /// <summary>The answer says which step it is of, and the request's log entry is about this call.</summary>
    public void Turned(Exchange exchange)
    {
        exchange.Http.Features.Set(call);
        if (!exchange.Http.Response.HasStarted)
            GatewayIds.Put(exchange.Http, call);
    }

    /// <summary>Notes the decision: whose key it is and what serves the request.</summary>
    protected void Take(Exchange exchange, Payment payment, in Reading<Route> route)
    {
        (call.Payment, _route) = (payment, route.IsOk && Tries.Of(call) is { } tries ? route.Value with { Tries = tries } : route);
        exchange.IsPaidElsewhere = payment is not Payment.Credits;
    }

    /// <summary>Reads the body and what routing needs of it.</summary>
    protected async ValueTask<Failure?> ReadAsync(Exchange exchange) => await ReadBodyAsync(exchange) ?? Scan(exchange);

    /// <summary>A step's body is there already.</summary>
    protected ValueTask<Failure?> ReadBodyAsync(Exchange exchange) => call.Body is null ? RequestBody.ReadAsync(exchange) : default;

    protected static Failure? Scan(Exchange exchange)
    {
        var facts = RequestScanner.Read(exchange.Body.Span);
        if (facts.IsOk)
            exchange.Facts = exchange.Front.Operation == Operation.Chat ? facts.Value : facts.Value with { Stream = false };
        return facts.Failure;
    }

    /// <summary>
    /// A route through the operator's upstreams, by a name that somebody has given: a gateway's addresses name their provider, so nothing goes to another one
    /// because it would take any name. For strangers only those that ask nobody for a key; where the operator's keys must not be used, the same.
    /// </summary>
    protected Reading<Route> Routed(string name, Team team)
    {
        var route = services.Routing.Router.Resolve(name, Operation, team, onlyNamed: true);
        if (!route.IsOk || route.Value.Attempts.All(attempt => CredentialChoice.NeedsNoKey(attempt.Upstream)))
            return route;
        return call.IsStranger ? GatewayErrors.NotAuthorizedFailure
            : CredentialChoice.MustBringKey(call) ? CredentialChoice.NoKey(call.Provider ?? "the provider")
            : route;
    }

    /// <summary>Files that a body points at must be the team's where the operator's account is used.</summary>
    /// <param name="asBytes">It goes as bytes, whatever dialect its upstream is known for.</param>
    protected async ValueTask<Failure?> CheckFilesAsync(Exchange exchange, IEnumerable<Upstream> upstreams, bool asBytes = false) =>
        FileReferences.MayHave(exchange.Body.Span) && upstreams.Any(upstream => !upstream.IsEngine && (asBytes || IsSameDialect(upstream)))
            ? await FileOwnership.RefusalAsync(exchange, services.Owned)
            : null;

    /// <summary>
    /// What nobody serves is told in Cloudflare's words, with the name that was asked for; that no provider of a universal request has answered is, too.
    /// </summary>
    private Failure Told(Failure failure) =>
        failure.Kind == FailureKind.ModelNotFound && Asked.Length > 0 ? GatewayErrors.Of(FailureKind.InvalidRequest, GatewayErrors.NoProvider, $"Model not found: {Asked}{Remedy}")
        : call.Step is not null && failure is { Party: FailureParty.Upstream, UpstreamStatus: null, Stage: not "total" }
            ? GatewayErrors.Of(FailureKind.InvalidRequest, GatewayErrors.NoAnswer, $"Failed to get response from provider: {failure.Message}")
        : failure;
}
