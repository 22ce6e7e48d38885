namespace Milliways.Engine;

/// <summary>One message of a conversation. The role is the template's word for who speaks; content is taken literally.</summary>
public readonly record struct PromptMessage(string Role, string Content);

/// <summary>A prompt as token ids. Only a model makes one, so its ids are always in that model's vocabulary.</summary>
public sealed class Prompt
{
    private readonly int[] _tokens;

    internal Prompt(int[] tokens, object vocabulary)
    {
        _tokens = tokens;
        Vocabulary = vocabulary;
    }

    public ReadOnlySpan<int> Tokens => _tokens;

    /// <summary>How many tokens it is charged as.</summary>
    public int Count => _tokens.Length;

    // An id of another model's prompt could be outside this one's vocabulary, which would end the process.
    internal object Vocabulary { get; }
}
