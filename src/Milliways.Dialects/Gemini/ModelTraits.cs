namespace Milliways.Dialects.Gemini;

/// <summary>How a model takes thinking: not at all, as a budget of tokens (2.5), or as a level (3 and later).</summary>
internal enum ThinkingStyle { None, Budget, Level }

/// <summary>What differs between Google's models, told by their names; names nobody knows are taken for a 2.5.</summary>
/// <param name="Thinking">How thinking is asked for.</param>
/// <param name="LeastBudget">The smallest budget; 0 where thinking can be switched off.</param>
/// <param name="MostBudget">The largest budget.</param>
/// <param name="IsPro">Pro models cannot be told to think minimally.</param>
internal sealed record ModelTraits(ThinkingStyle Thinking, int LeastBudget, int MostBudget, bool IsPro)
{
    /// <summary>From 3 on the calls of a history must be signed, or say that they cannot be.</summary>
    public bool NeedsSignedCalls => Thinking == ThinkingStyle.Level;

    public static ModelTraits Of(string model)
    {
        var name = model[(model.LastIndexOf('/') + 1)..];
        var isPro = name.Contains("-pro", StringComparison.Ordinal);
        var style = Major(name) switch
        {
            >= 3 => ThinkingStyle.Level,
            1 => ThinkingStyle.None,
            2 when name.StartsWith("gemini-2.0", StringComparison.Ordinal) => ThinkingStyle.None,
            _ => name.StartsWith("gemma", StringComparison.Ordinal) ? ThinkingStyle.None : ThinkingStyle.Budget,
        };
        return new ModelTraits(style, isPro ? 128 : 0, isPro ? 32768 : 24576, isPro);
    }

    private static int Major(string name)
    {
        const string Family = "gemini-";
        if (!name.StartsWith(Family, StringComparison.Ordinal)) return 0;
        var digits = name.AsSpan(Family.Length);
        var end = digits.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(end < 0 ? digits : digits[..end], out var major) ? major : 0;
    }
}
