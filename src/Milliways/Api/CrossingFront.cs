using System.Buffers;
using System.Diagnostics;
using Milliways.Catalogue;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Keys;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Api;

/// <summary>
/// A front of chat in one dialect: bytes to an upstream of the same dialect, through the neutral model to any other. What crossing is stands here
/// once; a front adds its dialect's names, ids and headers.
/// </summary>
/// <param name="caller">The caller's dialect.</param>
/// <param name="modelPrefix">How the address's model names are read; null: as they are.</param>
/// <param name="clock">For <c>created</c>, which not every upstream tells.</param>
internal abstract class CrossingFront(ICallerDialect caller, ModelPrefix? modelPrefix, TimeProvider? clock) : IFront
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;

    protected ModelPrefix? Prefix => modelPrefix;

    protected TimeProvider Clock => _clock;

    /// <summary>Of an answer in messages.</summary>
    protected virtual int MostMessageBytes => int.MaxValue;

    public Operation Operation => Operation.Chat;

    public abstract Flavour Flavour { get; }

    public virtual bool SpeaksAnthropic => false;

    public abstract ReadOnlySpan<byte> KeepAlive { get; }

    public virtual KeyEndpoints EndpointsOf(HttpContext http) => KeyEndpoints.Chat;

    public virtual bool NeedsMessages => true;

    public virtual ITrailingStatus? Trailing => null;

    public virtual IFront In(Flavour flavour) => this;

    public virtual ValueTask<Failure?> ReadBodyAsync(Exchange exchange) => RequestBody.ReadAsync(exchange);

    public virtual ValueTask<Failure?> BeginAsync(Exchange exchange) => ValueTask.FromResult<Failure?>(null);

    public abstract bool IsSameDialect(Upstream upstream);

    public virtual Uri? AddressAt(Exchange exchange, Attempt attempt) => attempt.Upstream.UriFor(Operation, attempt.Model, exchange.Facts.Stream);

    /// <summary>Writes this exchange's answer.</summary>
    protected virtual ICallerDialect CallerOf(Exchange exchange) => caller;

    /// <summary>What an upstream answers this front in.</summary>
    protected virtual IUpstreamDialect WireOf(Upstream upstream) => upstream.Wire;

    public string RouteName(RequestFacts facts) => modelPrefix is null ? facts.Model : modelPrefix.RouteName(facts.Model);

    public Reading<byte[]>? AnswerLocally(Exchange exchange, Attempt attempt) => null;

    public async ValueTask<Failure?> FetchAsync(Exchange exchange, Attempt attempt, CancellationToken cancel)
    {
        if (attempt.Upstream.Images is not { } images || IsSameDialect(attempt.Upstream))
            return null;
        var read = Read(exchange);
        return read.IsOk ? await InlineImages.FetchAsync(exchange, read.Value, images, cancel) : read.Failure;
    }

    public Reading<PreparedCall> Prepare(Exchange exchange, Attempt attempt)
    {
        var prepared = IsSameDialect(attempt.Upstream) ? Same(exchange, attempt) : Cross(exchange, attempt);
        return prepared.IsOk && exchange.Facts.Stream && !attempt.Upstream.IsGrpc ? prepared.Value with { WholeRelay = () => Unfold(exchange, attempt) } : prepared;
    }

    public Reading<ChatRequest>? ReadChat(Exchange exchange) => NeutralRequest.Of(exchange, caller);

    public Failure ReadRefusal(Attempt attempt, int status, ReadOnlySpan<byte> body, string? retryAfter) =>
        UpstreamRefusal.Read(attempt, status, body, retryAfter);

    public abstract int Status(Failure failure);

    public abstract void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output);

    public abstract void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output);

    /// <summary>The original bytes with the edits of docs/edits.md.</summary>
    protected virtual Reading<PreparedCall> Same(Exchange exchange, Attempt attempt) =>
        throw new UnreachableException("A front whose dialect no upstream speaks has nothing to pass as it is.");

    /// <summary>The body in the neutral model; once for all attempts (<see cref="NeutralRequest"/>).</summary>
    protected virtual Reading<ChatRequest> Read(Exchange exchange) => NeutralRequest.Of(exchange, caller);

    /// <summary>The answer's id in the form of the caller's dialect.</summary>
    protected abstract string AnswerId(Exchange exchange);

    /// <summary>Headers for an upstream of another dialect.</summary>
    protected abstract IReadOnlyList<(string Name, string Value)> CrossingHeaders(Exchange exchange, Upstream upstream);

    /// <summary>The answer's bound as the team's credits pay for it, under the dialect's name for it; null: as the caller says.</summary>
    protected static BodyEdit.OutputClamp? Clamp(Exchange exchange, string name) => exchange.OutputClamp is { } most ? new(most, name) : null;

    private Reading<PreparedCall> Cross(Exchange exchange, Attempt attempt)
    {
        var read = Read(exchange);
        if (!read.IsOk)
            return read.Failure;
        var (request, upstream) = (read.Value, attempt.Upstream);
        if (exchange.OutputClamp is { } most)
            request = request with { MaxOutputTokens = (int)most };
        var (body, dropped) = (new ArrayBufferWriter<byte>(exchange.Body.Length + 256), new SortedSet<string>(StringComparer.Ordinal));
        if (upstream.Wire.WriteRequest(request, upstream.Target(attempt.Model, exchange.IsStrict) with { MaxOutput = exchange.Model?.MaxOutput }, body, dropped) is { } refused)
            return refused;
        if (upstream.IsEngine)
            dropped.UnionWith(EngineDrops.Of(exchange));
        var relay = request.Stream ? StreamRelay(exchange, request, attempt) : WholeRelay(exchange, request, attempt);
        return new PreparedCall(body.WrittenMemory, relay) { Dropped = dropped, Headers = CrossingHeaders(exchange, upstream) };
    }

    private IRelay StreamRelay(Exchange exchange, ChatRequest request, Attempt attempt)
    {
        var (writer, names, upstream) = (Writer(exchange, request, attempt), ToolNames.Of(request), attempt.Upstream);
        return upstream.IsGrpc ? new GrpcStreamRelay(writer, names) : new CrossRelay(upstream.Wire.NewStreamReader(), writer, names);
    }

    private IRelay WholeRelay(Exchange exchange, ChatRequest request, Attempt attempt)
    {
        var fold = new FoldRelay(attempt.Upstream.Wire.ReadAnswer,
            (fold, output, cost) => CallerOf(exchange).WriteAnswer(fold, Facts(exchange, request, fold.Model ?? attempt.Model), output, cost), ToolNames.Of(request));
        return attempt.Upstream.IsGrpc ? new GrpcWholeRelay(fold) : fold;
    }

    /// <summary>For an upstream that answers a stream's request whole (dialects 4.12.6); null when the request cannot be understood, so that no stream can be written for it.</summary>
    private UnfoldRelay? Unfold(Exchange exchange, Attempt attempt)
    {
        var read = Read(exchange);
        return read.IsOk ? new UnfoldRelay(WireOf(attempt.Upstream).ReadAnswer, Writer(exchange, read.Value, attempt), ToolNames.Of(read.Value)) : null;
    }

    private StreamWriterFactory Writer(Exchange exchange, ChatRequest request, Attempt attempt) =>
        (output, model) => CallerOf(exchange).NewStreamWriter(output, Facts(exchange, request, model ?? attempt.Model));

    private AnswerFacts Facts(Exchange exchange, ChatRequest request, string model) =>
        new(AnswerId(exchange), model, _clock.GetUtcNow().ToUnixTimeSeconds(), request)
        {
            Flavour = Flavour,
            Fingerprint = Flavour == Flavour.Xai ? Fingerprints.Of(model) : null,
            MostMessageBytes = MostMessageBytes,
            InputEstimate = request.Stream ? Math.Max(1, TokenEstimate.OfPrompt(request)) : 1,
        };
}
