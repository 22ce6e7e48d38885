using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Milliways.Engine.Native;

namespace Milliways.Engine.Templates;

/// <summary>
/// Turns a conversation into a prompt with one of llama.cpp's built-in formats, so that no text of the conversation can pass for a turn.
/// </summary>
/// <remarks>
/// The format is rendered with placeholders in the contents' places. What comes out is the template's own text, and only there are special
/// tokens looked for. Between two special tokens, template text and content are tokenized together and literally: byte pairs may merge
/// across the border of the two, as they did when the model was trained.
/// </remarks>
internal sealed class ChatTemplate
{
    // Private-use characters: none of the built-in formats contains them, and no caller's text is rendered.
    private const char PlaceholderStart = '\uE000';
    private const char PlaceholderEnd = '\uE001';

    private readonly string _template;
    private readonly string? _defaultSystem;
    private readonly Vocabulary _vocabulary;

    /// <param name="template">The model's template text, by which llama.cpp recognises the format.</param>
    /// <param name="defaultSystem">The system message put before a conversation that does not begin with one.</param>
    /// <param name="vocabulary">The model's tokens.</param>
    internal ChatTemplate(string template, string? defaultSystem, Vocabulary vocabulary)
    {
        _template = template;
        _defaultSystem = defaultSystem;
        _vocabulary = vocabulary;
    }

    /// <param name="messages">The conversation.</param>
    /// <param name="openAnswer">Whether the assistant's turn is begun at the end.</param>
    /// <exception cref="EngineException">llama.cpp does not know the template.</exception>
    internal int[] Render(IReadOnlyList<PromptMessage> messages, bool openAnswer)
    {
        var texts = new List<string>();
        var lines = new List<(string Role, string Content)>(messages.Count + 1);
        if (_defaultSystem is not null && (messages.Count == 0 || messages[0].Role != "system"))
            Add(new PromptMessage("system", _defaultSystem));
        foreach (var message in messages)
            Add(message);

        return Tokenize(Apply(lines, openAnswer), texts);

        void Add(PromptMessage message) => lines.Add((
            // The formats test for these; any other role is the caller's text and as little trusted as the content.
            message.Role is "system" or "user" or "assistant" ? message.Role : Placeholder(message.Role),
            Placeholder(message.Content)));

        string Placeholder(string text)
        {
            texts.Add(text);
            return string.Create(CultureInfo.InvariantCulture, $"{PlaceholderStart}{texts.Count - 1}{PlaceholderEnd}");
        }
    }

    private int[] Tokenize(ReadOnlySpan<char> rendered, List<string> texts)
    {
        var tokens = new List<int>();
        if (_vocabulary.Bos >= 0)
            tokens.Add(_vocabulary.Bos);
        var literal = new StringBuilder();
        while (!rendered.IsEmpty)
        {
            var start = rendered.IndexOf(PlaceholderStart);
            AddTemplateText(start < 0 ? rendered : rendered[..start], literal, tokens);
            if (start < 0)
                break;
            var end = rendered.IndexOf(PlaceholderEnd);
            literal.Append(texts[int.Parse(rendered[(start + 1)..end], CultureInfo.InvariantCulture)]);
            rendered = rendered[(end + 1)..];
        }
        AddLiteral(literal, tokens);
        return [.. tokens];
    }

    // Cuts the template's own text at its special tokens; what lies between joins the literal text around it.
    private void AddTemplateText(ReadOnlySpan<char> text, StringBuilder literal, List<int> tokens)
    {
        while (!text.IsEmpty)
        {
            var (at, token) = FirstSpecial(text);
            literal.Append(at < 0 ? text : text[..at]);
            if (at < 0)
                return;
            AddLiteral(literal, tokens);
            // Some formats write the opening token themselves.
            if (token.Id != _vocabulary.Bos || tokens.Count != 1)
                tokens.Add(token.Id);
            text = text[(at + token.Text.Length)..];
        }
    }

    private (int At, Vocabulary.SpecialToken Token) FirstSpecial(ReadOnlySpan<char> text)
    {
        var (first, found) = (-1, default(Vocabulary.SpecialToken));
        foreach (var token in _vocabulary.SpecialTokens)
        {
            var at = text.IndexOf(token.Text, StringComparison.Ordinal);
            // The longest come first, so at the same place the longer one stays.
            if (at >= 0 && (first < 0 || at < first))
                (first, found) = (at, token);
        }
        return (first, found);
    }

    private void AddLiteral(StringBuilder literal, List<int> tokens)
    {
        if (literal.Length == 0)
            return;
        tokens.AddRange(_vocabulary.Tokenize(literal.ToString(), whole: false));
        literal.Clear();
    }

    private unsafe string Apply(List<(string Role, string Content)> lines, bool openAnswer)
    {
        var held = new List<nint>(lines.Count * 2 + 1);
        try
        {
            var template = (byte*)Hold(_template);
            var messages = new LlamaChatMessage[lines.Count];
            var size = 256;
            for (var i = 0; i < lines.Count; i++)
            {
                messages[i] = new LlamaChatMessage { Role = (byte*)Hold(lines[i].Role), Content = (byte*)Hold(lines[i].Content) };
                size += 64 + lines[i].Role.Length + lines[i].Content.Length;
            }

            for (var buffer = new byte[size]; ; buffer = new byte[size])
            {
                fixed (LlamaChatMessage* first = messages)
                fixed (byte* target = buffer)
                    size = LlamaNative.llama_chat_apply_template(template, first, (nuint)messages.Length, openAnswer, target, buffer.Length);
                if (size < 0)
                    throw new EngineException("the model's chat template is not one of those llama.cpp has built in, so it cannot be used for chat");
                if (size <= buffer.Length)
                    return Encoding.UTF8.GetString(buffer, 0, size);
            }
        }
        finally
        {
            foreach (var text in held)
                Marshal.FreeCoTaskMem(text);
        }

        nint Hold(string text)
        {
            var copy = Marshal.StringToCoTaskMemUTF8(text);
            held.Add(copy);
            return copy;
        }
    }
}
