namespace Milliways.Engines;

/// <summary>How the engine and each of its models are, as GET /readyz tells it.</summary>
/// <param name="Off">Why there is no engine, or null.</param>
internal sealed record EngineReadiness(EngineState State, string? Off, IReadOnlyList<ModelReadiness> Models);

/// <param name="Trouble">Why it is off, or null.</param>
internal sealed record ModelReadiness(string Name, EngineState State, string? Trouble);
