namespace Milliways.Dialects.Json;

/// <summary>Tells when JSON text that comes in pieces is whole: its outermost object or array has closed.</summary>
internal struct JsonBalance
{
    private int depth;
    private bool inText;
    private bool isEscaped;
    private bool hasBegun;

    public readonly bool IsComplete => hasBegun && depth <= 0 && !inText;

    public void Add(string piece)
    {
        foreach (var letter in piece)
        {
            if (isEscaped) isEscaped = false;
            else if (inText && letter == '\\') isEscaped = true;
            else if (letter == '"') inText = !inText;
            else if (!inText && (letter is '{' or '[')) (depth, hasBegun) = (depth + 1, true);
            else if (!inText && (letter is '}' or ']')) depth--;
        }
    }
}
