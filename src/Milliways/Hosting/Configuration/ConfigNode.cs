using System.Text;
using System.Text.Json;

namespace Milliways.Hosting.Configuration;

/// <summary>A JSON value that remembers where it stands, so that every problem can name its line.</summary>
internal sealed class ConfigNode
{
    private ConfigNode(JsonValueKind kind, int line, int column) => (Kind, Line, Column) = (kind, line, column);

    public JsonValueKind Kind { get; }

    /// <summary>From 1.</summary>
    public int Line { get; }

    /// <summary>From 1, in bytes.</summary>
    public int Column { get; }

    public string Text { get; private set; } = "";

    public List<(string Name, ConfigNode Value)> Members { get; } = [];

    public List<ConfigNode> Items { get; } = [];

    /// <summary>The member of that name, or null.</summary>
    public ConfigNode? this[string name] => Members.Find(member => member.Name == name).Value;

    /// <summary>Reads JSON with comments and trailing commas.</summary>
    /// <exception cref="JsonException">The text is not JSON; carries line and column.</exception>
    public static ConfigNode Parse(byte[] utf8)
    {
        ReadOnlySpan<byte> text = utf8;
        if (text.StartsWith(Encoding.UTF8.Preamble))
            text = text[Encoding.UTF8.Preamble.Length..];
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        var lines = new LineCounter(text.ToArray());
        reader.Read();
        var node = ReadValue(ref reader, lines);
        reader.Read(); // trailing text throws here
        return node;
    }

    private static ConfigNode ReadValue(ref Utf8JsonReader reader, LineCounter lines)
    {
        var (line, column) = lines.At((int)reader.TokenStartIndex);
        var node = new ConfigNode(KindOf(reader.TokenType), line, column);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = reader.GetString()!;
                    reader.Read();
                    node.Members.Add((name, ReadValue(ref reader, lines)));
                }
                break;
            case JsonTokenType.StartArray:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    node.Items.Add(ReadValue(ref reader, lines));
                break;
            case JsonTokenType.String:
                node.Text = reader.GetString()!;
                break;
            default:
                node.Text = Encoding.UTF8.GetString(reader.ValueSpan);
                break;
        }
        return node;
    }

    private static JsonValueKind KindOf(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => JsonValueKind.Object,
        JsonTokenType.StartArray => JsonValueKind.Array,
        JsonTokenType.String => JsonValueKind.String,
        JsonTokenType.Number => JsonValueKind.Number,
        JsonTokenType.True => JsonValueKind.True,
        JsonTokenType.False => JsonValueKind.False,
        _ => JsonValueKind.Null,
    };

    /// <summary>Positions only grow while a document is read, so one pass over the text serves all of them.</summary>
    private sealed class LineCounter(byte[] text)
    {
        private int _at;
        private int _line = 1;
        private int _lineStart;

        public (int Line, int Column) At(int offset)
        {
            for (; _at < offset; _at++)
            {
                if (text[_at] != (byte)'\n')
                    continue;
                _line++;
                _lineStart = _at + 1;
            }
            return (_line, offset - _lineStart + 1);
        }
    }
}
