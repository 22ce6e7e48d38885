using Milliways.Dialects.Chat;

namespace Milliways.Gateway.Settings;

/// <summary>How the delay grows between tries (cloudflare 3.3).</summary>
internal enum Backoff { Constant, Linear, Exponential }

/// <summary>How a gateway's rate limit counts (cloudflare 3.2).</summary>
internal enum RateTechnique { Fixed, Sliding }

/// <summary>What happens to a new log entry when a gateway has as many as it may keep (cloudflare 3.14).</summary>
internal enum LogStrategy { StopInserting, DeleteOldest }

/// <summary>Requests that a gateway takes in an interval.</summary>
/// <param name="Seconds">The interval.</param>
internal sealed record RateLimit(int Requests, int Seconds, RateTechnique Technique);

/// <summary>One gateway of a team. What is null says nothing: the request, the configuration or the built-in default decides.</summary>
internal sealed record GatewaySettings(string Account, string Name)
{
    /// <summary>Every team has one of this name, whether or not somebody made it.</summary>
    public const string Default = "default";

    public const int LongestName = 64;

    /// <summary>Most tries of one step (cloudflare 3.3).</summary>
    public const int MostAttempts = 5;

    /// <summary>Milliseconds.</summary>
    public const int LongestRetryDelay = 60_000;

    /// <summary>How its errors, tool calls and usage look; null: as each path says.</summary>
    public Flavour? Flavour { get; init; }

    /// <summary>A request needs a token of the team's.</summary>
    public bool Authentication { get; init; } = true;

    public bool CollectLogs { get; init; } = true;

    /// <summary>Whether log entries keep the bodies; null: as the configuration says.</summary>
    public bool? LogPayloads { get; init; }

    /// <summary>How many log entries are kept; null: as the configuration says.</summary>
    public int? LogManagement { get; init; }

    public LogStrategy? LogManagementStrategy { get; init; }

    public RateLimit? Rate { get; init; }

    /// <summary>Tries of one step, 1 to 5; null: one.</summary>
    public int? MaxAttempts { get; init; }

    /// <summary>Milliseconds before another try, 0 to 60000.</summary>
    public int? RetryDelay { get; init; }

    public Backoff? Backoff { get; init; }

    /// <summary>Milliseconds until the first part of an answer.</summary>
    public int? RequestTimeout { get; init; }

    /// <summary>Only keys that callers send or have stored are used, never the operator's.</summary>
    public bool ByokOnly { get; init; }

    public DateTimeOffset Created { get; init; }

    public DateTimeOffset Modified { get; init; }

    public bool IsDefault => Name == Default;

    public static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && name.AsSpan().IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-_") < 0;
}

/// <summary>A provider's key that a team has stored for one gateway. The key itself is sealed; <see cref="Preview"/> is what may be shown.</summary>
internal sealed record StoredKey(Guid Id, string Account, string Gateway, string Provider, string Alias, bool IsDefault, byte[] Secret, string Preview, DateTimeOffset Created)
{
    /// <summary>The alias that is meant when none is named.</summary>
    public const string DefaultAlias = "default";

    /// <summary>What the secret is bound to: it opens for this team's row and nowhere else.</summary>
    public string Context => $"{Account}/gateway_keys/{Id:N}/secret";
}

/// <summary>A provider that a team has added; its paths and models begin with <c>custom-{slug}</c>.</summary>
internal sealed record CustomProvider(Guid Id, string Account, string Slug, string Name, string BaseUrl, bool IsEnabled, DateTimeOffset Created, DateTimeOffset Modified)
{
    public const string Prefix = "custom-";
}
