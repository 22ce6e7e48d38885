namespace Milliways.Engines.Child;

/// <summary>What <c>milliways engine</c> was told.</summary>
internal sealed record EngineHostOptions
{
    public required string Model { get; init; }

    public required string Name { get; init; }

    public string? EmbeddingModel { get; init; }

    public string? EmbeddingName { get; init; }

    public string? Socket { get; init; }

    public string? Urls { get; init; }

    public int Sequences { get; init; }

    public int Queue { get; init; }

    public int? Threads { get; init; }

    /// <summary>Started by a server: ends with standard input, ignores the terminal's Ctrl-C.</summary>
    public bool Supervised { get; init; }
}
