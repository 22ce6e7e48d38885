using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Gateway.Calls;

/// <summary>
/// What governing needs of a <c>generateContent</c> or <c>streamGenerateContent</c> on a provider's own path: the model and whether it streams stand in the path,
/// the bound of the answer in the body (dialects 7). Names are taken in both spellings of protobuf's JSON.
/// </summary>
internal static class GeminiRequest
{
    private const string Cap = "maxOutputTokens";

    private static readonly JsonReaderOptions Options = new() { MaxDepth = 256 };

    /// <summary>Collections that models stand in, at Google AI Studio's and Vertex's addresses.</summary>
    private static readonly string[] Collections = ["models/", "tunedModels/"];

    /// <summary>Null: the path makes no content.</summary>
    public static (string Model, bool Stream)? Of(string rest)
    {
        var verb = rest.LastIndexOf(':');
        if (verb < 0 || rest[verb..] is not (":generateContent" or ":streamGenerateContent"))
            return null;
        var name = rest.LastIndexOf('/', verb) is >= 0 and var slash ? rest[(slash + 1)..verb] : "";
        return name.Length > 0 && Array.Find(Collections, collection => rest[..(verb - name.Length)] is var before && (before == collection || before.EndsWith("/" + collection, StringComparison.Ordinal))) is { } within
            ? ((within == "models/" ? "" : within) + Uri.UnescapeDataString(name), rest[verb..] == ":streamGenerateContent")
            : null;
    }

    public static Reading<RequestFacts> Read(ReadOnlySpan<byte> body, string model, bool stream)
    {
        if (!Utf8.IsValid(body))
            return Failure.Invalid("The request body is not UTF-8: encode it as UTF-8.");
        try
        {
            return ReadObject(body, model, stream);
        }
        catch (JsonException broken)
        {
            return Failure.Invalid(JsonPlace.Describe(broken));
        }
        catch (InvalidOperationException) // the reader's word for half of a surrogate pair
        {
            return Failure.Invalid("A text of the request body has half of a surrogate pair: escape whole characters.");
        }
    }

    /// <summary>The body with a bound for the answer that credits pay for.</summary>
    public static ReadOnlyMemory<byte> Clamp(ReadOnlyMemory<byte> body, RequestFacts facts, long most)
    {
        if (facts.OutputCapsAt.Count > 0)
            return BodyEdit.Apply(body, facts, facts.Model, askUsage: false, new BodyEdit.OutputClamp(most, Cap));
        var member = string.Create(CultureInfo.InvariantCulture, $"\"{Cap}\":{most}");
        return facts.ConfigAt is { } config
            ? Insert(body, config.Start + 1, member, body.Span[(config.Start + 1)..(config.End - 1)])
            : Insert(body, body.Span.IndexOf((byte)'{') + 1, $"\"generationConfig\":{{{member}}}", body.Span[(body.Span.IndexOf((byte)'{') + 1)..facts.End]);
    }

    private static byte[] Insert(ReadOnlyMemory<byte> body, int at, string member, ReadOnlySpan<byte> others) =>
        [.. body.Span[..at], .. Encoding.ASCII.GetBytes(others.Trim(" \t\r\n"u8).IsEmpty ? member : member + ","), .. body.Span[at..]];

    private static Reading<RequestFacts> ReadObject(ReadOnlySpan<byte> body, string model, bool stream)
    {
        var reader = new Utf8JsonReader(body, Options);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return Failure.Invalid("The request body must be a JSON object with contents.");
        var names = new HashSet<string>(StringComparer.Ordinal);
        var (answers, messages, text, isUnseen, namesKept) = (1, 0, 0L, false, false);
        (long? cap, ByteSpan? config) = (null, null);
        var caps = new List<ByteSpan>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Camel(reader.GetString()!);
            if (!names.Add(name))
                return Failure.Invalid($"The member \"{name}\" stands twice in the request body: keep one.", name);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            switch (name)
            {
                case "generationConfig" when reader.TokenType == JsonTokenType.StartObject:
                    while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                    {
                        var member = Camel(reader.GetString()!);
                        reader.Read();
                        if (member == Cap && Number(ref reader) is { } most)
                        {
                            cap = Math.Max(cap ?? 0, most);
                            caps.Add(new ByteSpan((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex)));
                        }
                        else if (member == "candidateCount" && Number(ref reader) is { } wanted)
                            answers = (int)Math.Clamp(wanted, answers, 128);
                        reader.Skip();
                    }
                    config = new ByteSpan(start, (int)reader.BytesConsumed - start);
                    break;
                case "contents" or "systemInstruction":
                    Texts(ref reader, ref text, ref messages, ref namesKept, isList: name == "contents");
                    break;
                case "cachedContent":
                    namesKept |= reader.TokenType != JsonTokenType.Null;
                    reader.Skip();
                    break;
                case "tools":
                    isUnseen |= RunsAtGoogle(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        var end = (int)reader.TokenStartIndex;
        while (reader.Read()) { } // trailing text throws here
        return new RequestFacts
        {
            Model = model, ModelAt = default, Stream = stream, N = answers, OutputCap = cap, OutputCapsAt = caps, ConfigAt = config,
            PromptBytes = text, Messages = messages, HasUnseenInput = isUnseen || namesKept, NamesKept = namesKept, HasTools = names.Contains("tools"), End = end,
        };
    }

    /// <summary>A number, or protobuf's number in quotes.</summary>
    private static long? Number(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Number when reader.TryGetInt64(out var number) => number,
        JsonTokenType.String when long.TryParse(reader.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };

    private static void Texts(ref Utf8JsonReader reader, ref long text, ref int messages, ref bool namesKept, bool isList)
    {
        var (depth, isText) = (reader.CurrentDepth, false);
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            return;
        if (isList && reader.TokenType == JsonTokenType.StartObject)
            messages++;
        while (reader.Read() && reader.CurrentDepth > depth)
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                isText = reader.ValueTextEquals("text"u8);
                namesKept |= reader.ValueTextEquals("fileData"u8) || reader.ValueTextEquals("file_data"u8);
            }
            else if (reader.TokenType == JsonTokenType.String && isText)
                text += reader.ValueSpan.Length;
            else if (isList && reader.TokenType == JsonTokenType.StartObject && reader.CurrentDepth == depth + 1)
                messages++;
    }

    /// <summary>Every tool but functions puts into the prompt what nobody here sees.</summary>
    private static bool RunsAtGoogle(ref Utf8JsonReader reader)
    {
        var (depth, found) = (reader.CurrentDepth, false);
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            return false;
        var level = depth + (reader.TokenType == JsonTokenType.StartArray ? 2 : 1);
        while (reader.Read() && reader.CurrentDepth > depth)
            found |= reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == level && Camel(reader.GetString()!) != "functionDeclarations";
        return found;
    }

    private static string Camel(string name)
    {
        if (!name.Contains('_', StringComparison.Ordinal))
            return name;
        var parts = name.Split('_', StringSplitOptions.RemoveEmptyEntries);
        return string.Concat(parts.Select((part, place) => place == 0 ? part : char.ToUpperInvariant(part[0]) + part[1..]));
    }
}
