using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>
/// What will stand in the log of one exchange beside what the exchange itself knows. Gates and fronts fill it, the walk closes it once; null on an exchange
/// that is not logged. Nothing here is written before the caller has its answer.
/// </summary>
internal sealed class ExchangeLog(Guid id, DateTimeOffset created)
{
    private List<LogStep>? _steps;

    /// <summary>The request's own UUIDv7: what the gateway gives out as <c>cf-aig-log-id</c>.</summary>
    public Guid Id { get; } = id;

    /// <summary>When the request came.</summary>
    public DateTimeOffset Created { get; } = created;

    /// <summary>The caller's word on whether there is an entry at all; null: as the gateway's policy says. Set it at any time.</summary>
    public bool? Collect { get; set; }

    /// <summary>The caller's word on whether the bodies are kept; null: as the gateway's policy says. Set it in a gate: what was not captured cannot be kept.</summary>
    public bool? Payloads { get; set; }

    /// <summary>The caller's own id for it; null: the entry's.</summary>
    public string? EventId { get; set; }

    /// <summary>The gateway it came through; null: none.</summary>
    public string? Gateway { get; set; }

    /// <summary>It came through the gateway's OpenAI-compatible endpoint.</summary>
    public bool Compat { get; set; }

    /// <summary>The provider's slug; null: that of the upstream that answered.</summary>
    public string? Provider { get; set; }

    /// <summary>The model as the caller named it; null: as the body does.</summary>
    public string? ModelAsked { get; set; }

    /// <summary>The conversation, where the caller names it.</summary>
    public string? Session { get; set; }

    /// <summary><c>http</c>, <c>grpc</c> or <c>websocket</c>.</summary>
    public string RequestType { get; set; } = "http";

    /// <summary>Which of several steps answered, from 0.</summary>
    public int Step { get; set; }

    public LogMetadata? Metadata { get; set; }

    /// <summary>The cost in ticks where it is not what was charged, such as one that the caller has stated.</summary>
    public long? Cost { get; set; }

    /// <summary>The caller has stated the price.</summary>
    public bool CustomCost { get; set; }

    /// <summary>The provider was paid with a key of the team's own: the caller's, or one that is stored for it.</summary>
    public bool Byok { get; set; }

    /// <summary>The team's credits paid; null: whether they were charged.</summary>
    public bool? Wholesale { get; set; }

    /// <summary>The gateway asked for a credential of its own; null: whether a key was known.</summary>
    public bool? Authentication { get; set; }

    /// <summary>Answered from a cache.</summary>
    public bool Cached { get; set; }

    /// <summary>Earlier steps that failed: each makes an entry of its own.</summary>
    public IReadOnlyList<LogStep> Steps => (IReadOnlyList<LogStep>?)_steps ?? [];

    /// <summary>Takes the bodies; null: they are not kept.</summary>
    public IPayloadCapture? Capture { get; set; }

    /// <summary>Bytes of the request's body that were read; null: none were.</summary>
    public long? RequestSize { get; private set; }

    /// <summary>How long the caller waited for the first byte of its answer.</summary>
    public TimeSpan? FirstByte { get; private set; }

    /// <summary>How the exchange ended, once it has.</summary>
    public Outcome? Outcome { get; set; }

    /// <summary>Takes the request's body, or the next piece of one that is not held as a whole.</summary>
    /// <param name="piece">What was read.</param>
    /// <param name="isLast">Nothing comes behind it.</param>
    public void Received(ReadOnlySpan<byte> piece, bool isLast)
    {
        RequestSize = (RequestSize ?? 0) + piece.Length;
        Capture?.Request(piece, isLast);
    }

    /// <summary>An earlier step failed, and another one is tried.</summary>
    public void Failed(LogStep step) => (_steps ??= []).Add(step);

    /// <summary>The answer begins to leave.</summary>
    public void Began(TimeSpan age) => FirstByte ??= age;
}

/// <summary>One step of several that failed.</summary>
/// <param name="Id">A UUIDv7 of its own.</param>
/// <param name="Created">When it began.</param>
/// <param name="Step">Its number, from 0.</param>
/// <param name="Provider">The provider's slug.</param>
/// <param name="Model">As it was asked for.</param>
/// <param name="Upstream">Who was asked; null: nobody was.</param>
/// <param name="Status">The HTTP status that the step would have given the caller.</param>
/// <param name="Duration">From its beginning to its failure.</param>
/// <param name="Failure">Why.</param>
internal sealed record LogStep(Guid Id, DateTimeOffset Created, int Step, string Provider, string Model, string? Upstream, int Status, TimeSpan Duration, Failure Failure);

/// <summary>Copies what is kept of an exchange's bodies, within bounds of its own.</summary>
internal interface IPayloadCapture
{
    /// <summary>The body of the request, or the next piece of it.</summary>
    /// <param name="piece">What was read.</param>
    /// <param name="isLast">Nothing comes behind it.</param>
    void Request(ReadOnlySpan<byte> piece, bool isLast);

    /// <summary>From here on what goes out through this context is the answer.</summary>
    void Watch(HttpContext http);
}

/// <summary>Whoever keeps the log. Nothing of it may throw or wait.</summary>
internal interface IExchangeLogs
{
    /// <summary>A request has come; null: nobody wants to know.</summary>
    /// <param name="requestId">Its UUID is the entry's too, so that either finds the other.</param>
    ExchangeLog? Begin(string requestId);

    /// <summary>All gates that need no body have let it in: its team, its gateway and what its caller wants of the log are known.</summary>
    void Entered(Exchange exchange, ExchangeLog log);

    /// <summary>The request is several that stand for each other: what each of them wants of the log is known now, and nothing of an answer has left.</summary>
    void Stepped(Exchange exchange, ExchangeLog log);

    /// <summary>The exchange is over and its caller has been answered.</summary>
    void Close(Exchange exchange, ExchangeLog log);
}
