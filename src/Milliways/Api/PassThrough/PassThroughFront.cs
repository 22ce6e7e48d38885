using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Routing;
using Milliways.Stored;
using Milliways.Upstreams;

namespace Milliways.Api.PassThrough;

/// <summary>
/// Files, batches, videos and document search live at xAI: the request goes to the first upstream that serves <c>grok</c>, path and query as they were
/// written, with the upstream's key, through the one walk. What a team made is its own: ids are recorded, and an id of another team's does not exist.
/// </summary>
internal sealed class PassThroughFront(Flavour flavour, OwnedIds owned, LiveRouting routing) : IFront
{
    private PassThroughFront? _other;

    public Operation Operation => Operation.PassThrough;

    public Flavour Flavour => flavour;

    public bool ReadsBody => false;

    public ReadOnlySpan<byte> KeepAlive => default;

    public KeyEndpoints EndpointsOf(HttpContext http) => PassThroughTarget.Of(http).Value?.Resource switch
    {
        "documents" => KeyEndpoints.Documents,
        "videos" => KeyEndpoints.Image,
        "files" => KeyEndpoints.Documents | KeyEndpoints.Chat,
        _ => KeyEndpoints.Chat,
    };

    public IFront In(Flavour wanted) => wanted == flavour ? this : _other ??= new PassThroughFront(wanted, owned, routing) { _other = this };

    public bool IsSameDialect(Upstream upstream) => true;

    public string RouteName(RequestFacts facts) => facts.Model;

    public Reading<byte[]>? AnswerLocally(Exchange exchange, Attempt attempt) => null;

    public async ValueTask<Failure?> BeginAsync(Exchange exchange)
    {
        var target = PassThroughTarget.Of(exchange.Http);
        if (!target.IsOk)
            return target.Failure;
        exchange.FrontState = target.Value;
        return await PassThroughOwnership.CheckAsync(exchange, target.Value, owned) ?? await ReadBodyAsync(exchange, target.Value);
    }

    public Reading<Route>? RouteOf(Exchange exchange)
    {
        var target = Target(exchange);
        return RouteToXai(routing, target.Resource, isRepeatable: target.Method == "GET");
    }

    /// <summary>To the first upstream that serves <c>grok</c>.</summary>
    /// <param name="isRepeatable">False: what was made twice costs twice.</param>
    public static Reading<Route> RouteToXai(LiveRouting routing, string resource, bool isRepeatable) => routing.Table.Upstreams.ForProvider(ModelPrefix.Grok) is { } upstream
        ? new Route(new Attempt(upstream, resource)) { Retries = isRepeatable ? Route.UsualRetries : 0 }
        : new Failure(FailureKind.NotOffered, FailureParty.Gateway, "route",
            $"/v1/{resource} is answered by xAI, and no upstream here is xAI's: set XAI_API_KEY, or add an upstream with \"preset\": \"xai\" to milliways.json.");

    public Uri? AddressAt(Exchange exchange, Attempt attempt) =>
        attempt.Upstream.Dialect is UpstreamDialect.OpenAiChat or UpstreamDialect.OpenAiResponses ? attempt.Upstream.At(Target(exchange).PathAndQuery) : null;

    public Reading<PreparedCall> Prepare(Exchange exchange, Attempt attempt)
    {
        var target = Target(exchange);
        var method = target.Method switch { "HEAD" => HttpMethod.Get, _ => new HttpMethod(target.Method) };
        return new PreparedCall(exchange.Body, target.IsDownload ? new DownloadRelay(exchange) : new PassThroughRelay(exchange, target, (exchange.FrontState as ListedTarget)?.Own))
        {
            Method = method,
            Content = target.IsUpload ? new UploadContent(exchange) : null,
        };
    }

    public int Status(Failure failure) => Errors.Status(failure, flavour);

    public void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Errors.Write(failure, flavour, output);

    /// <summary>Nothing: what has begun is a file, and an error is no part of it. The torn connection tells.</summary>
    public void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output) { }

    public Failure ReadRefusal(Attempt attempt, int status, ReadOnlySpan<byte> body, string? retryAfter) =>
        UpstreamRefusal.Read(attempt, status, body, retryAfter);

    private static PassThroughTarget Target(Exchange exchange) => exchange.FrontState as PassThroughTarget ?? ((ListedTarget)exchange.FrontState!).Target;

    private async ValueTask<Failure?> ReadBodyAsync(Exchange exchange, PassThroughTarget target)
    {
        var request = exchange.Http.Request;
        if (target.IsDownload)
            exchange.Facts = RequestFacts.None with { Stream = true };
        if (target.IsUpload)
            return UploadContent.Check(request);
        var hasBody = target.Method == "POST" && (request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0);
        return hasBody
            ? await RequestBody.ReadAsync(exchange) ?? await FileOwnership.RefusalAsync(exchange, owned)
            : null;
    }
}
