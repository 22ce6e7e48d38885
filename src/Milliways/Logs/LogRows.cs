using System.Data.Common;

namespace Milliways.Logs;

/// <summary>How an entry is a row: the one list of columns, and both ways.</summary>
internal static class LogRows
{
    private static readonly string[] Names =
    [
        "id", "request_id", "event_id", "created", "team", "key_id", "gateway", "provider", "model_asked", "model", "upstream", "model_type", "request_type", "compat", "method", "path",
        "request_content_type", "response_content_type", "status", "success", "cached", "step", "attempts", "tokens_in", "tokens_out", "tokens_cached", "tokens_reasoning",
        "usage_source", "duration", "first_byte", "cost", "custom_cost", "byok", "wholesale", "authentication", "metadata", "tags", "session", "ending", "refused", "failed_party",
        "failed_stage", "error", "user_agent", "request_size", "response_size", "has_payload", "request_complete", "response_complete", "feedback", "score",
    ];

    /// <summary>
    /// What a row and its places in the indexes take beside their texts, and a row of the metadata with its places, in bytes: measured with SQLite, whose file is
    /// this large to within a quarter.
    /// </summary>
    private const int OfRow = 1100, OfMetadata = 230;

    /// <summary>What <see cref="Read"/> expects.</summary>
    public static string Columns { get; } = "seq, " + string.Join(", ", Names);

    /// <summary>A row that is there already, because a commit was not heard of, stays, and no number comes back.</summary>
    public static string Insert { get; } =
        $"INSERT INTO logs ({string.Join(", ", Names)}, written, size) VALUES ({string.Join(", ", Names.Select(name => "$" + name))}, $written, $size) ON CONFLICT (id) DO NOTHING";

    public static (string Name, object? Value)[] Values(LogEntry entry, long written, long size) =>
    [
        ("$id", entry.Id), ("$request_id", entry.RequestId), ("$event_id", entry.EventId == entry.Id ? null : entry.EventId), ("$created", entry.CreatedAt.ToUnixTimeMilliseconds()),
        ("$team", entry.Team), ("$key_id", entry.KeyId), ("$gateway", entry.Gateway ?? ""), ("$provider", entry.Provider), ("$model_asked", entry.ModelAsked), ("$model", entry.Model),
        ("$upstream", entry.Upstream), ("$model_type", entry.ModelType), ("$request_type", entry.RequestType), ("$compat", entry.Compat), ("$method", entry.Method), ("$path", entry.Path),
        ("$request_content_type", entry.RequestContentType), ("$response_content_type", entry.ResponseContentType), ("$status", entry.StatusCode), ("$success", entry.Success),
        ("$cached", entry.Cached), ("$step", entry.Step), ("$attempts", entry.Attempts), ("$tokens_in", entry.TokensIn), ("$tokens_out", entry.TokensOut),
        ("$tokens_cached", entry.TokensCached), ("$tokens_reasoning", entry.TokensReasoning), ("$usage_source", entry.UsageSource), ("$duration", entry.Duration),
        ("$first_byte", entry.FirstByte), ("$cost", entry.CostTicks), ("$custom_cost", entry.CustomCost), ("$byok", entry.Byok), ("$wholesale", entry.Wholesale),
        ("$authentication", entry.Authentication), ("$metadata", entry.Metadata), ("$tags", entry.Tags), ("$session", entry.Session), ("$ending", entry.Ending),
        ("$refused", entry.Refused), ("$failed_party", entry.FailedParty), ("$failed_stage", entry.FailedStage), ("$error", entry.Error), ("$user_agent", entry.UserAgent),
        ("$request_size", entry.RequestSize), ("$response_size", entry.ResponseSize), ("$has_payload", entry.HasPayload), ("$request_complete", entry.RequestComplete),
        ("$response_complete", entry.ResponseComplete), ("$feedback", entry.Feedback), ("$score", entry.Score), ("$written", written), ("$size", size),
    ];

    /// <summary>Bytes that an entry takes in the store, as nearly as can be said before it is there.</summary>
    public static long SizeOf(LogEntry entry, LogPayload? payload)
    {
        var size = (long)OfRow + Length(entry.Path) + Length(entry.Error) + Length(entry.UserAgent) + Length(entry.Metadata) + Length(entry.Tags)
            + (2 * (Length(entry.Model) + Length(entry.Provider) + Length(entry.Gateway) + Length(entry.Session))) + Length(entry.ModelAsked);
        foreach (var (name, value) in entry.MetadataEntries)
            size += OfMetadata + (2 * (Length(name) + Length(value)));
        return payload is null ? size : size + Length(payload.RequestHead) + payload.RequestBody.Length + Length(payload.ResponseHead) + payload.ResponseBody.Length;
    }

    public static LogEntry Read(DbDataReader row)
    {
        var at = 0;
        return new LogEntry
        {
            Seq = row.GetInt64(at++),
            Id = row.GetString(at),
            RequestId = row.GetString(at + 1),
            EventId = Text(row, at + 2) ?? row.GetString(at),
            CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(at += 3)),
            Team = row.GetString(++at),
            KeyId = Text(row, ++at),
            Gateway = row.GetString(++at) is { Length: > 0 } gateway ? gateway : null,
            Provider = Text(row, ++at),
            ModelAsked = Text(row, ++at),
            Model = Text(row, ++at),
            Upstream = Text(row, ++at),
            ModelType = row.GetString(++at),
            RequestType = row.GetString(++at),
            Compat = row.GetInt64(++at) != 0,
            Method = row.GetString(++at),
            Path = row.GetString(++at),
            RequestContentType = Text(row, ++at),
            ResponseContentType = Text(row, ++at),
            StatusCode = (int)row.GetInt64(++at),
            Success = row.GetInt64(++at) != 0,
            Cached = row.GetInt64(++at) != 0,
            Step = (int)row.GetInt64(++at),
            Attempts = (int)row.GetInt64(++at),
            TokensIn = row.GetInt64(++at),
            TokensOut = row.GetInt64(++at),
            TokensCached = row.GetInt64(++at),
            TokensReasoning = row.GetInt64(++at),
            UsageSource = Text(row, ++at),
            Duration = row.GetInt64(++at),
            FirstByte = Number(row, ++at),
            CostTicks = Number(row, ++at),
            CustomCost = row.GetInt64(++at) != 0,
            Byok = row.GetInt64(++at) != 0,
            Wholesale = row.GetInt64(++at) != 0,
            Authentication = row.GetInt64(++at) != 0,
            Metadata = Text(row, ++at),
            Tags = Text(row, ++at),
            Session = Text(row, ++at),
            Ending = row.GetString(++at),
            Refused = Text(row, ++at),
            FailedParty = Text(row, ++at),
            FailedStage = Text(row, ++at),
            Error = Text(row, ++at),
            UserAgent = Text(row, ++at),
            RequestSize = Number(row, ++at),
            ResponseSize = Number(row, ++at),
            HasPayload = row.GetInt64(++at) != 0,
            RequestComplete = row.GetInt64(++at) != 0,
            ResponseComplete = row.GetInt64(++at) != 0,
            Feedback = (int?)Number(row, ++at),
            Score = (int?)Number(row, ++at),
        };
    }

    private static string? Text(DbDataReader row, int at) => row.IsDBNull(at) ? null : row.GetString(at);

    private static long? Number(DbDataReader row, int at) => row.IsDBNull(at) ? null : row.GetInt64(at);

    private static int Length(string? text) => text?.Length ?? 0;
}
