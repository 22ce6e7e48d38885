using System.Collections.Frozen;

namespace Milliways.Logs;

/// <summary>What kind of values a field has.</summary>
internal enum FieldKind
{
    Text,

    Number,

    Flag,

    /// <summary>RFC 3339, or Unix milliseconds.</summary>
    Time,

    /// <summary>Decimal US dollars; ticks in the store.</summary>
    Money,

    /// <summary>Names or values of the metadata.</summary>
    Metadata,
}

/// <summary>One name that filters know.</summary>
/// <param name="Column">The column, or the expression, that it means.</param>
internal sealed record LogField(string Name, string Column, FieldKind Kind)
{
    /// <summary>The columns that it is made of.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [Column];
}

/// <summary>Everything that entries can be filtered by: Cloudflare's keys (cloudflare-ai-gateway 4.3) and ours.</summary>
internal static class LogFields
{
    public static IReadOnlyList<LogField> All { get; } =
    [
        Text("id"), Text("request_id"), new("event_id", "event_id", FieldKind.Text), new("created_at", "created", FieldKind.Time),
        Text("gateway"), new("key", "key_id", FieldKind.Text), Text("provider"), Text("model"), Text("model_asked"), Text("upstream"), Text("model_type"), Text("request_type"),
        new("compatibilityMode", "compat", FieldKind.Flag), Text("method"), Text("path"), Text("request_content_type"), Text("response_content_type"),
        new("status", "status", FieldKind.Number), new("status_code", "status", FieldKind.Number), Flag("success"), Flag("cached"), Number("step"), Number("attempts"),
        new("tokens", "(tokens_in + tokens_out)", FieldKind.Number) { Columns = ["tokens_in", "tokens_out"] }, Number("tokens_in"), Number("tokens_out"), Number("tokens_cached"), Number("tokens_reasoning"), Text("usage_source"),
        Number("duration"), Number("first_byte"), new("cost", "cost", FieldKind.Money), Flag("custom_cost"), Flag("byok"), Flag("wholesale"), Flag("authentication"),
        new("metadata.key", "name", FieldKind.Metadata), new("metadata.value", "value", FieldKind.Metadata), Text("tags"), Text("session"), Text("ending"), Text("refused"),
        Text("failed_party"), Text("failed_stage"), Text("error"), Text("user_agent"), Number("request_size"), Number("response_size"), Number("feedback"), Number("score"),
    ];

    private static readonly FrozenDictionary<string, LogField> ByName = All.ToFrozenDictionary(field => field.Name, StringComparer.Ordinal);

    public static LogField? Find(string name) => ByName.GetValueOrDefault(name);

    private static LogField Text(string name) => new(name, name, FieldKind.Text);

    private static LogField Number(string name) => new(name, name, FieldKind.Number);

    private static LogField Flag(string name) => new(name, name, FieldKind.Flag);
}
