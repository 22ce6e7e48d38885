namespace Milliways.Hosting.Configuration;

/// <summary>Whether heads and bodies are logged where nothing else is said.</summary>
internal enum LogPayloads { None, Full }

/// <summary>The section <c>logs</c>.</summary>
internal sealed record LogsConfig
{
    /// <summary>False: no request has an entry, whatever gateways and callers say.</summary>
    public bool Collect { get; init; } = true;

    public LogPayloads Payloads { get; init; }

    /// <summary>Older entries are deleted; null: they are kept.</summary>
    public TimeSpan? MaxAge { get; init; } = TimeSpan.FromDays(30);

    /// <summary>The most entries of all teams together, the oldest are deleted; null: as many as there are.</summary>
    public long? MaxRows { get; init; } = 10_000_000;

    /// <summary>The most bytes of all entries together, the oldest are deleted; null: as many as there are.</summary>
    public long? MaxBytes { get; init; } = 10L << 30;
}

/// <summary>Reads the section <c>logs</c>.</summary>
internal static class LogsReader
{
    private static readonly TimeSpan LeastAge = TimeSpan.FromMinutes(1);

    /// <summary>A few entries with the largest bodies: less would delete an entry before anybody has seen it.</summary>
    private const long LeastBytes = 64L << 20;

    private static readonly Dictionary<string, LogPayloads> Words = new() { ["none"] = LogPayloads.None, ["full"] = LogPayloads.Full };

    public static LogsConfig Read(ConfigSection section)
    {
        var usual = new LogsConfig();
        var age = section.Duration("maxAge");
        if (age < LeastAge)
            section.Problem("must be at least \"1m\": entries are swept once a minute", name: "maxAge");
        var bytes = section.Size("maxBytes");
        if (bytes < LeastBytes)
            section.Problem("must be at least \"64MiB\": one entry with its bodies may have 10 of them", name: "maxBytes");
        var logs = new LogsConfig
        {
            Collect = section.Flag("collect") ?? usual.Collect,
            Payloads = section.Choice("payloads", Words) ?? usual.Payloads,
            MaxAge = section.IsNull("maxAge") ? null : age ?? usual.MaxAge,
            MaxRows = section.IsNull("maxRows") ? null : section.Whole("maxRows", 1, long.MaxValue, "; null keeps them all") ?? usual.MaxRows,
            MaxBytes = section.IsNull("maxBytes") ? null : bytes ?? usual.MaxBytes,
        };
        section.Done();
        return logs;
    }
}
