using System.Text.Json;
using System.Text.Json.Serialization;
using Milliways.Credits.Books;

namespace Milliways.Alerts;

/// <summary>What somebody saw. Whether it is new is decided by the database: an occasion is told once.</summary>
/// <param name="Type">One of <see cref="AlertTypes"/>.</param>
/// <param name="Team">Whose affair it is; null: the operator's.</param>
/// <param name="Occasion">Unique for what happened, the same on every server and after every restart.</param>
/// <param name="Data">What receivers are told of it.</param>
internal sealed record Sighting(string Type, Guid? Team, string Occasion, AlertData Data)
{
    /// <summary>The occasion has no month or day in it, so its row must be kept for ever.</summary>
    public bool Lasts { get; init; }
}

/// <summary>What receivers get, as JSON (docs/alerts.md). Unknown members may come; none of these goes.</summary>
/// <param name="Id">The same at every try.</param>
/// <param name="Created">RFC 3339 in UTC.</param>
/// <param name="Team">32 hexadecimal digits; null: the operator's own.</param>
internal sealed record Alert(string Id, string Type, string Created, string? Team, AlertData Data)
{
    public static Alert Of(Sighting sighting, DateTimeOffset now) =>
        new($"evt_{Guid.CreateVersion7(now):N}", sighting.Type, StatementReader.Text(now)!, sighting.Team?.ToString("N"), sighting.Data);

    public string ToJson() => JsonSerializer.Serialize(this, AlertBodyJson.Default.Alert);

    public static Alert Parse(string json) => JsonSerializer.Deserialize(json, AlertBodyJson.Default.Alert)!;
}

/// <summary>Amounts are ticks of 10^-10 US dollar; what does not belong to the type is left away.</summary>
/// <param name="Message">The whole of it in a sentence, for people.</param>
internal sealed record AlertData(string Message)
{
    public string? TeamName { get; init; }

    public string? Gateway { get; init; }

    public string? KeyId { get; init; }

    public string? KeyName { get; init; }

    /// <summary>The calendar month (UTC) of limits and budgets: <c>2026-11</c>.</summary>
    public string? Month { get; init; }

    public long? LimitTicks { get; init; }

    public long? SpentTicks { get; init; }

    public int? Percent { get; init; }

    public long? AvailableTicks { get; init; }

    /// <summary>The lot that came in last, or the one that ends.</summary>
    public string? GrantId { get; init; }

    public long? GrantTicks { get; init; }

    public long? LeftTicks { get; init; }

    public string? Expires { get; init; }

    public long? OverrunTicks { get; init; }

    /// <summary>The begin of the hour of an overrun.</summary>
    public string? Hour { get; init; }

    public string? Model { get; init; }

    public string? Upstream { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Alert))]
internal sealed partial class AlertBodyJson : JsonSerializerContext;
