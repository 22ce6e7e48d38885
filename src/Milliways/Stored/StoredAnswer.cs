namespace Milliways.Stored;

internal enum StoredKind
{
    /// <summary>A response of /v1/responses: read as often as wanted, until it is deleted or 30 days old (xai-api 1.6.1).</summary>
    Response,

    /// <summary>A deferred chat completion: read once, within 24 hours (xai-api 1.3.7).</summary>
    Deferred,
}

/// <summary>One answer that is kept for its team.</summary>
internal sealed record StoredAnswer(StoredKind Kind, string Team, string Id)
{
    /// <summary>The exchange is still running in this process.</summary>
    public bool IsWaiting { get; init; }

    public DateTimeOffset Created { get; init; }

    /// <summary>The HTTP status of a deferred answer.</summary>
    public int Status { get; init; }

    /// <summary><c>name: value</c> lines that belong to a deferred answer.</summary>
    public string Headers { get; init; } = "";

    /// <summary>The response object as it is now, or the deferred answer's body.</summary>
    public required byte[] Body { get; init; }

    /// <summary>While it waits: the body it gets when the process ends before the answer is there.</summary>
    public byte[]? Interrupted { get; init; }

    /// <summary>A response's own input items, as a JSON array.</summary>
    public byte[]? Input { get; init; }

    /// <summary>The id of the response before it in the conversation.</summary>
    public string? Previous { get; init; }

    /// <summary>The upstream that keeps the same response, and its id there.</summary>
    public (string Upstream, string Id)? Holder { get; init; }
}
