using System.Text.Json;
using System.Text.RegularExpressions;
using Milliways.Hosting;

namespace Milliways.Api;

/// <summary>/openapi.json, made from the routing table itself: every route with its parameters and the kind of key it takes.</summary>
internal static partial class OpenApiDocument
{
    public static byte[] Write(IReadOnlyList<ApiRoute> routes, IEnumerable<(string Method, string Path, string Summary)> gateway)
    {
        using var output = new MemoryStream();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteString("openapi"u8, "3.1.0"u8);
            writer.WriteStartObject("info"u8);
            writer.WriteString("title"u8, "Milliways"u8);
            writer.WriteString("version"u8, VersionCommand.Ours().Version);
            writer.WriteEndObject();
            writer.WriteStartObject("paths"u8);
            foreach (var path in routes.Select(route => (route.Path, route.Method, route.Summary, route.Key))
                .Concat(gateway.Select(row => (row.Path, row.Method, row.Summary, Key: KeyKind.ApiKey)))
                .GroupBy(row => row.Path, StringComparer.Ordinal))
            {
                writer.WriteStartObject(path.Key);
                WriteParameters(writer, path.Key);
                foreach (var (_, method, summary, key) in path)
                    WriteOperation(writer, method, summary, key);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
            WriteKeys(writer);
            writer.WriteEndObject();
        }
        return output.ToArray();
    }

    private static void WriteParameters(Utf8JsonWriter writer, string path)
    {
        var names = Parameter().Matches(path);
        if (names.Count == 0)
            return;
        writer.WriteStartArray("parameters"u8);
        foreach (Match name in names)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, name.Groups[1].ValueSpan);
            writer.WriteString("in"u8, "path"u8);
            writer.WriteBoolean("required"u8, true);
            writer.WriteStartObject("schema"u8);
            writer.WriteString("type"u8, "string"u8);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteOperation(Utf8JsonWriter writer, string method, string summary, KeyKind key)
    {
        writer.WriteStartObject(method.ToLowerInvariant());
        writer.WriteString("summary"u8, summary);
        if (method is "POST" or "PUT" or "PATCH")
        {
            writer.WriteStartObject("requestBody"u8);
            writer.WriteBoolean("required"u8, true);
            writer.WriteStartObject("content"u8);
            writer.WriteStartObject("application/json"u8);
            writer.WriteStartObject("schema"u8);
            writer.WriteString("type"u8, "object"u8);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        writer.WriteStartArray("security"u8);
        if (key != KeyKind.None)
            foreach (var scheme in (ReadOnlySpan<string>)(key == KeyKind.ApiKey ? ["bearer", "apiKey"] : ["managementKey"]))
            {
                writer.WriteStartObject();
                writer.WriteStartArray(scheme);
                writer.WriteEndArray();
                writer.WriteEndObject();
            }
        writer.WriteEndArray();
        writer.WriteStartObject("responses"u8);
        writer.WriteStartObject("200"u8);
        writer.WriteString("description"u8, "The answer"u8);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteKeys(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("components"u8);
        writer.WriteStartObject("securitySchemes"u8);
        writer.WriteStartObject("bearer"u8);
        writer.WriteString("type"u8, "http"u8);
        writer.WriteString("scheme"u8, "bearer"u8);
        writer.WriteEndObject();
        writer.WriteStartObject("apiKey"u8);
        writer.WriteString("type"u8, "apiKey"u8);
        writer.WriteString("in"u8, "header"u8);
        writer.WriteString("name"u8, "x-api-key"u8);
        writer.WriteEndObject();
        writer.WriteStartObject("managementKey"u8);
        writer.WriteString("type"u8, "http"u8);
        writer.WriteString("scheme"u8, "bearer"u8);
        writer.WriteString("description"u8, "A management key, xai-token-mw-..."u8);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Parameter();
}
