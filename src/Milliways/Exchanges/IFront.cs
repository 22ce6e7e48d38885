using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Exchanges;

/// <summary>Where a caller comes in: it knows the caller's dialect and flavour, and nothing of keys, routes or sockets.</summary>
internal interface IFront : IErrorWriter
{
    Operation Operation { get; }

    Flavour Flavour { get; }

    /// <summary>The body must have <c>messages</c>.</summary>
    bool NeedsMessages => Operation is Operation.Chat or Operation.CountTokens;

    /// <summary>True when an upstream speaks the caller's own dialect, so that bytes go through.</summary>
    bool IsSameDialect(Upstream upstream);

    /// <summary>The model's name for routing, when the address says more than the body does (the gateway's <c>grok/{model}</c>).</summary>
    string RouteName(RequestFacts facts);

    /// <summary>Gets what an attempt needs before it can be prepared, such as images that the upstream does not fetch itself.</summary>
    ValueTask<Failure?> FetchAsync(Exchange exchange, Attempt attempt, CancellationToken cancel) => default;

    /// <summary>Makes the upstream's request and the relay of its answer; a failure says what the target cannot express.</summary>
    Reading<PreparedCall> Prepare(Exchange exchange, Attempt attempt);

    /// <summary>An answer that needs no upstream, or null.</summary>
    ReadOnlyMemory<byte>? AnswerLocally(Exchange exchange, Attempt attempt);

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

/// <summary>One attempt made ready: what is sent, and what reads the answer.</summary>
internal sealed record PreparedCall(ReadOnlyMemory<byte> Body, IRelay Relay)
{
    /// <summary>Names of fields that the target cannot express and that were left out; they go out in <c>x-milliways-dropped</c>.</summary>
    public IReadOnlyCollection<string> Dropped { get; init; } = [];

    /// <summary>Headers of the caller's dialect that mean something to this upstream.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];
}
