using Milliways.Dialects.Chat;

namespace Milliways.Dialects.AnthropicComplete;

/// <summary>The turns of a prompt (dialects 2.10).</summary>
internal static class Prompt
{
    private const string Human = "\n\nHuman:";
    private const string Assistant = "\n\nAssistant:";

    /// <summary>
    /// Text before the first turn is system text, as it was with the models of that time; a prompt without any mark is one user's turn. Text behind
    /// the last <c>Assistant:</c> is the answer's beginning.
    /// </summary>
    public static List<ChatMessage> Turns(string prompt)
    {
        // Clients leave the blank line at the very beginning away.
        if (prompt.StartsWith("Human:", StringComparison.Ordinal)) prompt = "\n\n" + prompt;
        var turns = new List<ChatMessage>();
        var (at, length, role) = Next(prompt, 0);
        Add(turns, length == 0 ? ChatRole.User : ChatRole.System, prompt[..at]);
        while (length > 0)
        {
            var from = at + length;
            var (next, nextLength, nextRole) = Next(prompt, from);
            Add(turns, role, prompt[from..next]);
            (at, length, role) = (next, nextLength, nextRole);
        }

        return turns;
    }

    /// <summary>The next mark: where it stands, how long it is, whose turn it begins; the end and 0 when there is none.</summary>
    private static (int At, int Length, ChatRole Role) Next(string prompt, int from)
    {
        var human = prompt.IndexOf(Human, from, StringComparison.Ordinal);
        var assistant = prompt.IndexOf(Assistant, from, StringComparison.Ordinal);
        if (human < 0 && assistant < 0) return (prompt.Length, 0, ChatRole.User);
        return assistant < 0 || (human >= 0 && human < assistant) ? (human, Human.Length, ChatRole.User) : (assistant, Assistant.Length, ChatRole.Assistant);
    }

    /// <summary>The one blank behind a mark is the format's; blanks alone are no turn.</summary>
    private static void Add(List<ChatMessage> turns, ChatRole role, string text)
    {
        if (text.StartsWith(' ')) text = text[1..];
        if (string.IsNullOrWhiteSpace(text)) return;
        turns.Add(new ChatMessage(role, [new ChatPart.Text(role == ChatRole.System ? text.Trim() : text)]));
    }
}
