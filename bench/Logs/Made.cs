using System.Globalization;
using Milliways.Exchanges;
using Milliways.Logs;

namespace Milliways.Bench.Logs;

/// <summary>
/// Entries like a busy installation's: one large team with nine tenths of them and nine small ones, a few gateways, models and keys, one failure in fifty, and
/// some that are rare enough to be searched for. The same every time.
/// </summary>
internal sealed class Made(int entries)
{
    private static readonly string[] Models = ["openai/gpt-5", "openai/gpt-5-mini", "anthropic/claude-x", "grok/grok-4", "grok/grok-beta", "groq/llama-large", "mistral/large", "google/gemini-x"];

    private readonly DateTimeOffset _first = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public string Large { get; } = new('0', 32);

    public LogEntry Entry(int i)
    {
        var chance = new Random(i);
        var (created, model) = (_first.AddMilliseconds(i * 100L), Models[Math.Min(chance.Next(12), Models.Length - 1)]);
        var team = chance.Next(10) == 0 ? new string((char)('1' + chance.Next(9)), 32) : Large;
        var isBad = chance.Next(50) == 0;
        var id = RequestIds.NewGuid(created);
        return new LogEntry
        {
            Id = id.ToString("D"), RequestId = "req_" + RequestIds.NewGuid(created).ToString("N"), EventId = i % 1000 == 0 ? $"event-{i}" : id.ToString("D"), CreatedAt = created, Team = team,
            KeyId = new Guid(chance.Next(40), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10).ToString("D"), Gateway = chance.Next(4) switch { 0 => null, 1 => "default", 2 => "production", _ => chance.Next(5000) == 0 ? "rare" : "staging" },
            Provider = model[..model.IndexOf('/', StringComparison.Ordinal)], ModelAsked = model[(model.IndexOf('/', StringComparison.Ordinal) + 1)..], Model = model, Upstream = model[..model.IndexOf('/', StringComparison.Ordinal)],
            ModelType = "chat", RequestType = "http", Method = "POST", Path = "/v1/chat/completions", RequestContentType = "application/json", ResponseContentType = "text/event-stream",
            StatusCode = isBad ? chance.Next(400) == 0 ? 418 : 429 : 200, Success = !isBad, Attempts = 1, TokensIn = chance.Next(4000), TokensOut = chance.Next(800), TokensCached = 0, UsageSource = "reported",
            Duration = chance.Next(20_000), FirstByte = chance.Next(900), CostTicks = chance.Next(100_000_000) + (chance.Next(100_000) == 0 ? 50_000_000_000 : 0), Wholesale = true, Authentication = true,
            Metadata = $$"""{"user":"u{{i % 20_000}}","plan":"{{(i % 3 == 0 ? "free" : "paid")}}"}""", MetadataEntries = [("user", "u" + (i % 20_000).ToString(CultureInfo.InvariantCulture)), ("plan", i % 3 == 0 ? "free" : "paid")],
            Session = chance.Next(2) == 0 ? "conv-" + (i / 20).ToString(CultureInfo.InvariantCulture) : null, Ending = isBad ? "refused" : "completed", Refused = isBad ? "limit" : null,
            UserAgent = $"OpenAI/JS {chance.Next(5)}.{chance.Next(9)}.0", RequestSize = chance.Next(20_000), ResponseSize = chance.Next(9000),
        };
    }

    public IEnumerable<(string Name, FilterText[] Filters)> Questions() =>
    [
        ("newest", []), ("gateway", [Is("gateway", "production")]), ("rare gateway", [Is("gateway", "rare")]), ("model", [Is("model", "google/gemini-x")]), ("provider", [Is("provider", "mistral")]),
        ("key", [Is("key", new Guid(7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10).ToString("D"))]), ("failed", [Is("success", "false")]), ("status 429", [Is("status", "429")]), ("rare status", [Is("status", "418")]),
        ("cached, none is", [Is("cached", "true")]), ("cost over 4 dollars, rare", [new("cost", "gt", ["4"])]), ("duration over 19.9 s", [new("duration", "gt", ["19900"])]),
        ("tokens over 4790, rare", [new("tokens", "gt", ["4790"])]), ("event id", [Is("event_id", "event-77000")]), ("metadata value, rare", [Is("metadata.value", "u777")]),
        ("metadata value, a third", [Is("metadata.value", "free")]), ("metadata key and value", [Is("metadata.key", "user"), Is("metadata.value", "u778")]), ("session", [Is("session", "conv-77")]),
        ("model contains", [new("model", "contains", ["mini"])]), ("model contains, none does", [new("model", "contains", ["nothing"])]), ("user agent contains", [new("user_agent", "contains", ["JS 3.8"])]),
        ("user agent contains, none does", [new("user_agent", "contains", ["nothing"])]), ("model, failed, an hour", [Is("model", "grok/grok-4"), Is("success", "false"), new("created_at", "lt", [At(entries / 2)]), new("created_at", "gt", [At((entries / 2) - 36_000)])]),
        ("an hour in the middle", [new("created_at", "lt", [At(entries / 2)]), new("created_at", "gt", [At((entries / 2) - 36_000)])]),
    ];

    private static FilterText Is(string key, string value) => new(key, "eq", [value]);

    private string At(int i) => _first.AddMilliseconds(i * 100L).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
}
