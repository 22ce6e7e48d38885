namespace Milliways.Engine;

/// <summary>What a model's makers recommend: data of the model, not of the engine.</summary>
public sealed record ModelProfile
{
    /// <summary>No recommendation: plain sampling from the model's own distribution.</summary>
    public static ModelProfile Plain { get; } = new();

    /// <summary>SmolLM2-Instruct: measured on the embedded model. Without a repeat penalty it can loop without end.</summary>
    public static ModelProfile SmolLm2 { get; } = new()
    {
        Sampling = new SamplingOptions { Temperature = 0.2f, TopP = 0.9f, RepeatPenalty = 1.05f, RepeatLastTokens = 64 },
        DefaultSystemMessage = "You are a helpful AI assistant named SmolLM, trained by Hugging Face",
    };

    /// <summary>Where a request says nothing. What is null here too is off, but for the temperature, which is 1.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>
    /// The system message of a conversation that does not begin with one; null for none. llama.cpp's built-in formats leave it out.
    /// </summary>
    public string? DefaultSystemMessage { get; init; }

    /// <summary>Recognises a model by its chat template, which fine-tunes keep when they rename themselves.</summary>
    internal static ModelProfile Recognise(string? chatTemplate) =>
        chatTemplate?.Contains("named SmolLM, trained by Hugging Face", StringComparison.Ordinal) == true ? SmolLm2 : Plain;
}
