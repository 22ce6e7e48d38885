using System.Text.Json;

namespace Milliways.Api;

/// <summary>Finds where a JSON body points at files of a provider (dialects 1.3, 2.3, 3.3; xai-api 1.8, 1.14).</summary>
internal static class FileReferences
{
    private static readonly string[] One = ["file_id", "input_file_id"];

    private const string Many = "file_ids";

    /// <summary>Objects that are the caller's own: arguments of calls, schemas, labels. A file_id in there points at nothing.</summary>
    private static readonly string[] Own = ["input", "arguments", "parameters", "input_schema", "schema", "metadata"];

    /// <summary>False for a body that cannot point at any; cheap, and true too often: a name can be written with escapes.</summary>
    public static bool MayHave(ReadOnlySpan<byte> body) => body.IndexOf("file_id"u8) >= 0 || body.IndexOf("\\u00"u8) >= 0;

    /// <exception cref="JsonException">The body is not JSON.</exception>
    /// <param name="body">The whole of it.</param>
    public static List<string> Read(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 320 });
        var found = new List<string>();
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
                continue;
            var name = reader.GetString()!;
            reader.Read();
            if (reader.TokenType == JsonTokenType.String && Array.IndexOf(One, name) >= 0)
                found.Add(reader.GetString()!);
            else if (reader.TokenType == JsonTokenType.StartArray && name == Many)
                ReadMany(ref reader, found);
            else if (reader.TokenType == JsonTokenType.StartObject && Array.IndexOf(Own, name) >= 0)
                reader.Skip();
        }
        return found;
    }

    private static void ReadMany(ref Utf8JsonReader reader, List<string> found)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            if (reader.TokenType == JsonTokenType.String)
                found.Add(reader.GetString()!);
            else
                reader.Skip();
    }
}
