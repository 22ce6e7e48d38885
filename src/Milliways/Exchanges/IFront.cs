using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Keys;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Exchanges;

/// <summary>Where a caller comes in: it knows the caller's dialect and flavour, and nothing of keys, routes or sockets.</summary>
internal interface IFront : IErrorWriter
{
    Operation Operation { get; }

    Flavour Flavour { get; }

    /// <summary>Its answers carry the headers of Anthropic's API, not those of OpenAI's and xAI's.</summary>
    bool SpeaksAnthropic => false;

    /// <summary>The same front in another flavour; a dialect with one way of speaking stays as it is.</summary>
    IFront In(Flavour flavour) => this;

    /// <summary>The key with which a gateway's address was called; null: this is not a gateway's address.</summary>
    PresentedKey? Presented => null;

    /// <summary>The body is read and scanned by the walk, or left on the socket for the upstream's request to take.</summary>
    bool ReadsBody => true;

    /// <summary>Reads the body into the exchange as the JSON that the walk looks into; a failure says what is wrong with it.</summary>
    ValueTask<Failure?> ReadBodyAsync(Exchange exchange) => RequestBody.ReadAsync(exchange);

    /// <summary>Where the outcome of an answer stands behind its body: what writes it there. Null: it is the status in front of it.</summary>
    ITrailingStatus? Trailing => null;

    /// <summary>The answers of upstreams go to the caller as they are, error answers included.</summary>
    bool PassesAnswers => false;

    /// <summary>The endpoints of ACLs that this request belongs to; a key needs one of them.</summary>
    KeyEndpoints EndpointsOf(HttpContext http) => Operation switch
    {
        Operation.Embeddings => KeyEndpoints.Embed,
        Operation.TokenizeText => KeyEndpoints.Tokenize,
        Operation.CountTokens => KeyEndpoints.Tokenize | KeyEndpoints.Chat,
        Operation.ImageGenerations or Operation.ImageEdits => KeyEndpoints.Image,
        _ => KeyEndpoints.Chat,
    };

    /// <summary>The body must have <c>messages</c>.</summary>
    bool NeedsMessages => Operation is Operation.Chat or Operation.CountTokens;

    /// <summary>What a front has to ask or look up before the exchange is routed; a failure refuses it.</summary>
    ValueTask<Failure?> BeginAsync(Exchange exchange) => ValueTask.FromResult<Failure?>(null);

    /// <summary>The exchange has come to this front, which is one of several (<see cref="ExchangeStep"/>).</summary>
    void Turned(Exchange exchange)
    {
    }

    /// <summary>The route of an exchange that is no model's, or null.</summary>
    Reading<Route>? RouteOf(Exchange exchange) => null;

    /// <summary>Where this exchange goes at an upstream; null when the upstream has no such operation.</summary>
    Uri? AddressAt(Exchange exchange, Attempt attempt) => attempt.Upstream.UriFor(Operation, attempt.Model, exchange.Facts.Stream);

    /// <summary>True when an upstream speaks the caller's own dialect, so that bytes go through.</summary>
    bool IsSameDialect(Upstream upstream);

    /// <summary>The model's name for routing, when the address says more than the body does (the gateway's <c>grok/{model}</c>).</summary>
    string RouteName(RequestFacts facts);

    /// <summary>Gets what an attempt in another dialect needs before it can be prepared, such as images that the upstream does not fetch itself.</summary>
    ValueTask<Failure?> FetchAsync(Exchange exchange, Attempt attempt, CancellationToken cancel) => default;

    /// <summary>Makes the upstream's request and the relay of its answer; a failure says what the target cannot express.</summary>
    Reading<PreparedCall> Prepare(Exchange exchange, Attempt attempt);

    /// <summary>An answer that needs no upstream, or why there is none; null when an upstream has to be asked.</summary>
    Reading<byte[]>? AnswerLocally(Exchange exchange, Attempt attempt);

    /// <summary>The request in the neutral model, for checks that have to look inside; null for an operation that is no chat.</summary>
    Reading<ChatRequest>? ReadChat(Exchange exchange) => null;

    /// <summary>The error event of a stream that has already begun.</summary>
    void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output);

    /// <summary>A sign of life that every client of the dialect ignores.</summary>
    ReadOnlySpan<byte> KeepAlive { get; }

    /// <summary>Reads an upstream's refusal in the upstream's dialect.</summary>
    Failure ReadRefusal(Attempt attempt, int status, ReadOnlySpan<byte> body, string? retryAfter);
}

/// <summary>How errors look to a caller.</summary>
internal interface IErrorWriter
{
    int Status(Failure failure);

    /// <summary>The whole body of an error.</summary>
    void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output);
}

/// <summary>A credential of one call.</summary>
/// <param name="Header">Empty: the call has none.</param>
internal readonly record struct CallKey(string Header, string Value)
{
    public static CallKey None { get; } = new("", "");
}

/// <summary>One attempt made ready: what is sent, and what reads the answer.</summary>
internal sealed record PreparedCall(ReadOnlyMemory<byte> Body, IRelay Relay)
{
    public HttpMethod Method { get; init; } = HttpMethod.Post;

    /// <summary>A body that is not bytes at hand; it can be sent once.</summary>
    public HttpContent? Content { get; init; }

    /// <summary>Makes what reads the answer when a stream was asked for and a JSON document comes; null: nothing else than <see cref="Relay"/> can.</summary>
    public Func<IRelay?>? WholeRelay { get; init; }

    /// <summary>What goes in the place of the upstream's key and the operator's headers; null: those.</summary>
    public CallKey? Key { get; init; }

    /// <summary>Signs the request when all of it is there; null: its key is in its head.</summary>
    public IRequestSigner? Signer { get; init; }

    /// <summary><see cref="Headers"/> is the whole head of the request, the content's headers and the credential included.</summary>
    public bool IsRaw { get; init; }

    /// <summary>The connection shall become a socket, which HTTP/1.1 alone can.</summary>
    public bool IsUpgrade { get; init; }

    /// <summary>Names of fields that the target cannot express and that were left out; they go out in <c>x-milliways-dropped</c>.</summary>
    public IReadOnlyCollection<string> Dropped { get; init; } = [];

    /// <summary>Headers of the caller's dialect that mean something to this upstream.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];
}
