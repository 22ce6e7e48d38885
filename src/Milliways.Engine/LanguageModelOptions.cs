namespace Milliways.Engine;

/// <summary>How a language model is loaded and how much it takes on.</summary>
public sealed record LanguageModelOptions
{
    /// <summary>The GGUF file.</summary>
    public required string Path { get; init; }

    /// <summary>
    /// Tokens one request may use, prompt and answer together. Null takes what the model was trained with, at most <see cref="PoolTokens"/>.
    /// </summary>
    public int? ContextTokens { get; init; }

    /// <summary>How many sequences are decoded side by side, 1 to 256. The default is 16.</summary>
    public int Sequences { get; init; } = 16;

    /// <summary>
    /// How many tokens the key/value cache may hold for all running requests together. The default is 32,768; it takes memory only
    /// as it fills (22.5 KiB a token with the embedded model).
    /// </summary>
    public int PoolTokens { get; init; } = 32768;

    /// <summary>How large the key/value cache is at rest, in tokens. The default is 2,048.</summary>
    public int IdlePoolTokens { get; init; } = 2048;

    /// <summary>How long without work until a grown cache shrinks again. The default is 30 s.</summary>
    public TimeSpan ShrinkAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Requests that may wait. One more is refused. The default is 256.</summary>
    public int QueueLimit { get; init; } = 256;

    /// <summary>Answer tokens of a choice when the request names no limit. The default is 1,024: small models can go on without end.</summary>
    public int DefaultMaxTokens { get; init; } = 1024;

    /// <summary>
    /// Threads that compute. Null takes 1 on a machine with at most two processors, else half of them, at most 8: ggml's threads spin while
    /// they wait for each other, so on a shared machine more of them are much slower.
    /// </summary>
    public int? Threads { get; init; }

    /// <summary>Threads for steps of more than one token (prompts, and several sequences). Null takes <see cref="Threads"/>.</summary>
    public int? BatchThreads { get; init; }

    /// <summary>
    /// Prompt tokens a step processes while answers are streaming. The default is 32: with the embedded model on one thread a step then takes 0.19 s
    /// and prompts are read at 170 tokens/s; 64 make it 0.29 s and 219 tokens/s.
    /// </summary>
    public int PromptSlice { get; init; } = 32;

    /// <summary>
    /// Prompt tokens a step processes while no answer is streaming. The default is 64: larger slices were no faster, and new requests join
    /// between steps.
    /// </summary>
    public int IdlePromptSlice { get; init; } = 64;

    /// <summary>Layers on the GPU where there is one; null for all that fit.</summary>
    public int? GpuLayers { get; init; }

    /// <summary>The model's recommendations; null recognises the model.</summary>
    public ModelProfile? Profile { get; init; }

    /// <summary>Told 0 to 1 while the file loads.</summary>
    public IProgress<float>? Progress { get; init; }

    /// <summary>The clock of heartbeats and retry hints.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <exception cref="EngineException">A number is out of its range.</exception>
    internal void Validate()
    {
        Require(Sequences is >= 1 and <= 256, "Sequences must be 1 to 256");
        Require(ContextTokens is null or >= 8, "ContextTokens must be at least 8");
        Require(IdlePoolTokens >= 256 && PoolTokens >= IdlePoolTokens, "PoolTokens must be at least IdlePoolTokens, and that at least 256");
        Require(QueueLimit >= 0, "QueueLimit must not be negative");
        Require(DefaultMaxTokens >= 1, "DefaultMaxTokens must be at least 1");
        Require(Threads is null or (>= 1 and <= 512) && BatchThreads is null or (>= 1 and <= 512), "Threads must be 1 to 512");
        Require(PromptSlice is >= 1 and <= 4096 && IdlePromptSlice is >= 1 and <= 4096, "PromptSlice and IdlePromptSlice must be 1 to 4096");
    }

    internal static int DefaultThreads => Environment.ProcessorCount <= 2 ? 1 : Math.Min(Environment.ProcessorCount / 2, 8);

    private static void Require(bool holds, string rule)
    {
        if (!holds)
            throw new EngineException($"the engine's options are wrong: {rule}");
    }
}
