namespace Milliways.Dialects.OpenAiResponses;

/// <summary>What differs between Responses upstreams.</summary>
public sealed record ResponsesWriteOptions
{
    /// <summary>The upstream's name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Refuse what would otherwise be mended: missing and orphaned tool results.</summary>
    public bool Strict { get; init; }

    /// <summary>Words of <c>reasoning.effort</c> the model knows; empty drops the whole matter.</summary>
    public IReadOnlyList<string> Efforts { get; init; } = ["none", "minimal", "low", "medium", "high", "xhigh"];

    /// <summary>The model refuses temperature and top_p.</summary>
    public bool NoSampling { get; init; }

    /// <summary>The upstream takes xAI's <c>search_parameters</c> (xai-api 1.6.1).</summary>
    public bool LiveSearch { get; init; }
}
