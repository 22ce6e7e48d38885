using System.Text.Json.Serialization;
using Milliways.Credits;
using Milliways.Dialects.Chat;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary>A key as commands show it and the audit log keeps it: everything but its text.</summary>
internal sealed record KeyFacts(string Id, string RedactedKey, string Name, string Team, DateTimeOffset Created, DateTimeOffset Modified, bool Disabled)
{
    public bool Blocked { get; init; }

    public string? Flavour { get; init; }

    public required IReadOnlyList<string> Acls { get; init; }

    public required LimitFacts Limits { get; init; }

    /// <summary>A month's budget in dollars; null: none of its own.</summary>
    public string? Budget { get; init; }

    public long? BudgetTicks { get; init; }

    public DateTimeOffset? Expires { get; init; }

    /// <summary>To the minute.</summary>
    public DateTimeOffset? LastUsed { get; init; }

    public string? CreatedBy { get; init; }

    public static KeyFacts Of(ApiKey key) => new(key.Id.ToString("D"), key.Redacted, key.Name, key.Team.Account, key.Created, key.Modified, key.Disabled)
    {
        Blocked = key.Blocked,
        Flavour = key.Flavour?.Word(),
        Acls = key.Acls.Texts,
        Limits = LimitFacts.Of(key.Limits),
        Budget = key.Budget is { } ticks ? Money.Format(ticks) : null,
        BudgetTicks = key.Budget,
        Expires = key.Expires,
        LastUsed = key.Use.Last > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(key.Use.Last) : null,
        CreatedBy = key.CreatedBy?.ToString("D"),
    };
}

/// <summary>What a new key shall be. Null: everything, for ever, without limits of its own.</summary>
internal sealed record CreateKey(string? Team, string Name)
{
    public IReadOnlyList<string>? Models { get; init; }

    public IReadOnlyList<string>? Endpoints { get; init; }

    public LimitFacts? Limits { get; init; }

    /// <summary>Dollars in a calendar month (UTC).</summary>
    public string? Budget { get; init; }

    /// <summary>A duration (<c>30d</c>) or a time.</summary>
    public string? Expires { get; init; }

    public string? Flavour { get; init; }
}

/// <summary>A key with its text, which is shown this once.</summary>
internal sealed record CreatedKey(string Id, string Key, string Name, string Team)
{
    public DateTimeOffset? Expires { get; init; }

    /// <summary>After a rotation: until when the text before it works.</summary>
    public DateTimeOffset? OldKeyExpires { get; init; }
}

internal sealed record KeyRef(string Id);

internal sealed record RotateKey(string Id, string? Overlap, string? Expires);

/// <summary>What of a key shall change; null stays. <c>none</c> takes a budget, an expiry or a flavour away.</summary>
internal sealed record ChangeKey(string Id)
{
    public string? Name { get; init; }

    public IReadOnlyList<string>? Models { get; init; }

    public IReadOnlyList<string>? Endpoints { get; init; }

    public string? Budget { get; init; }

    public string? Expires { get; init; }

    public string? Flavour { get; init; }
}

internal sealed record CreateManagementKey(string? Team, string Name, IReadOnlyList<string>? Endpoints, string? Expires);

internal sealed record ManagementKeyFacts(string Id, string RedactedKey, string Name, string Team, DateTimeOffset Created, IReadOnlyList<string> Acls, DateTimeOffset? Expires)
{
    public static ManagementKeyFacts Of(ManagementKey key) =>
        new(key.Id.ToString("D"), key.Redacted, key.Name, key.Team.Account, key.Created, key.Acls, key.Expires);
}

/// <summary>Limits of a team or, with an id, of a key.</summary>
internal sealed record LimitsRef(string? Team, string? Key);

/// <summary>Limits by their names as options; a null value takes one away, a name that is not there leaves it as it is.</summary>
internal sealed record SetLimits(string? Team, string? Key, IReadOnlyDictionary<string, long?> Limits);

internal sealed record LimitsShown(string Team, string? Key, LimitFacts Limits);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CreateKey))]
[JsonSerializable(typeof(CreatedKey))]
[JsonSerializable(typeof(KeyRef))]
[JsonSerializable(typeof(RotateKey))]
[JsonSerializable(typeof(ChangeKey))]
[JsonSerializable(typeof(KeyFacts[]))]
[JsonSerializable(typeof(TeamRef))]
[JsonSerializable(typeof(Done))]
[JsonSerializable(typeof(CreateManagementKey))]
[JsonSerializable(typeof(ManagementKeyFacts[]))]
[JsonSerializable(typeof(LimitsRef))]
[JsonSerializable(typeof(SetLimits))]
[JsonSerializable(typeof(LimitsShown))]
internal sealed partial class KeysJson : JsonSerializerContext;
