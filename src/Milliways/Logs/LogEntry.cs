using System.Text.Json.Serialization;

namespace Milliways.Logs;

/// <summary>
/// One request as the log keeps it: Cloudflare's fields (cloudflare-ai-gateway 3.14) and ours. As JSON it is what <c>milliways logs show --json</c> prints.
/// </summary>
internal sealed record LogEntry
{
    /// <summary>In the order in which entries were written; 0 before that.</summary>
    public long Seq { get; init; }

    /// <summary>A UUIDv7, made when the request came.</summary>
    public required string Id { get; init; }

    public required string RequestId { get; init; }

    /// <summary>The caller's own id for it, or <see cref="Id"/>.</summary>
    public required string EventId { get; init; }

    /// <summary>When the request came.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>32 hex digits; empty for a request without a key that is known.</summary>
    public required string Team { get; init; }

    public string? KeyId { get; init; }

    public string? Gateway { get; init; }

    public string? Provider { get; init; }

    /// <summary>As the caller named it.</summary>
    public string? ModelAsked { get; init; }

    /// <summary><c>provider/model</c> that answered, or was asked last.</summary>
    public string? Model { get; init; }

    public string? Upstream { get; init; }

    public required string ModelType { get; init; }

    public required string RequestType { get; init; }

    /// <summary>It came through the OpenAI-compatible endpoint of a gateway.</summary>
    public bool Compat { get; init; }

    public required string Method { get; init; }

    /// <summary>Without its query.</summary>
    public required string Path { get; init; }

    public string? RequestContentType { get; init; }

    public string? ResponseContentType { get; init; }

    /// <summary>499: the caller left before there was an answer.</summary>
    public required int StatusCode { get; init; }

    /// <summary>The answer was whole and good.</summary>
    public required bool Success { get; init; }

    public bool Cached { get; init; }

    public int Step { get; init; }

    /// <summary>How often an upstream was asked.</summary>
    public int Attempts { get; init; }

    public long TokensIn { get; init; }

    /// <summary>Reasoning included.</summary>
    public long TokensOut { get; init; }

    /// <summary>Those of <see cref="TokensIn"/> that were read from a cache.</summary>
    public long TokensCached { get; init; }

    public long TokensReasoning { get; init; }

    /// <summary><c>reported</c>, <c>counted</c> or <c>estimated</c>; null: there is no usage.</summary>
    public string? UsageSource { get; init; }

    /// <summary>Milliseconds from the request to the end of the answer.</summary>
    public required long Duration { get; init; }

    /// <summary>Milliseconds to the first byte of the answer.</summary>
    public long? FirstByte { get; init; }

    /// <summary>Null: nobody was charged.</summary>
    public long? CostTicks { get; init; }

    public bool CustomCost { get; init; }

    public bool Byok { get; init; }

    public bool Wholesale { get; init; }

    public bool Authentication { get; init; }

    /// <summary>A JSON object with at most five members.</summary>
    [JsonConverter(typeof(RawJsonConverter))]
    public string? Metadata { get; init; }

    public string? Tags { get; init; }

    public string? Session { get; init; }

    /// <summary><c>completed</c>, <c>client_gone</c>, <c>upstream_failed</c>, <c>refused</c> or <c>shutdown</c>.</summary>
    public required string Ending { get; init; }

    /// <summary>As in <c>x-milliways-refused</c>.</summary>
    public string? Refused { get; init; }

    public string? FailedParty { get; init; }

    public string? FailedStage { get; init; }

    public string? Error { get; init; }

    public string? UserAgent { get; init; }

    /// <summary>Bytes of the body.</summary>
    public long? RequestSize { get; init; }

    public long? ResponseSize { get; init; }

    public bool HasPayload { get; init; }

    /// <summary>The request's body is kept whole.</summary>
    public bool RequestComplete { get; init; }

    public bool ResponseComplete { get; init; }

    /// <summary>-1, 0 or 1.</summary>
    public int? Feedback { get; init; }

    /// <summary>0 to 100.</summary>
    public int? Score { get; init; }

    /// <summary>The metadata's entries, for the index; not read back.</summary>
    [JsonIgnore]
    public IReadOnlyList<(string Name, string Value)> MetadataEntries { get; init; } = [];
}

/// <summary>The heads and bodies of one exchange, without its secrets.</summary>
internal sealed record LogPayload(string RequestHead, byte[] RequestBody, string ResponseHead, byte[] ResponseBody);
