using System.Globalization;
using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Gateway.Calls;
using Milliways.Gateway.Settings;
using Milliways.Keys;

namespace Milliways.Gateway.Universal;

/// <summary>
/// Reads the body of a universal request: an array of steps, or one of them by itself. What each posts is kept as the bytes that were sent. A body in another
/// form is refused with the field that is wrong.
/// </summary>
internal static class UniversalBody
{
    /// <summary>More than any fallback needs; each may hold a try of every provider.</summary>
    public const int MostSteps = 20;

    private const int MostHeaders = 100;

    private const int LongestName = 128;

    /// <summary>So much of a wrong text is repeated.</summary>
    private const int LongestShown = 64;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = 256 };

    public static Reading<List<UniversalStep>> Read(ReadOnlyMemory<byte> body)
    {
        var steps = new List<UniversalStep>();
        try
        {
            var reader = new Utf8JsonReader(body.Span, Options);
            reader.Read();
            var isList = reader.TokenType == JsonTokenType.StartArray;
            if (!isList && reader.TokenType != JsonTokenType.StartObject)
                return Wrong("The body must be an array of steps {provider, endpoint, headers, query}, or one of them.");
            if (!isList)
            {
                var only = Step(ref reader, body, index: null);
                if (!only.IsOk)
                    return only.Failure;
                steps.Add(only.Value);
            }
            while (isList && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType != JsonTokenType.StartObject)
                    return Wrong($"[{steps.Count}] must be an object with provider, endpoint, headers and query.", $"[{steps.Count}]");
                if (steps.Count == MostSteps)
                    return Wrong(string.Create(CultureInfo.InvariantCulture, $"The array has more than {MostSteps} steps: send fewer."));
                var step = Step(ref reader, body, steps.Count);
                if (!step.IsOk)
                    return step.Failure;
                steps.Add(step.Value);
            }
            reader.Read(); // what stands behind the value is no JSON
        }
        catch (JsonException broken)
        {
            return Wrong($"The body is not JSON: line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1} cannot be read.");
        }
        catch (InvalidOperationException) // how the reader tells of an escape that is half a character
        {
            return Wrong("The body has an escape such as \\ud800 that is half a character: write its other half too.");
        }
        return steps.Count == 0 ? Wrong("The array has no steps: send at least one {provider, endpoint, headers, query}.") : steps;
    }

    /// <summary>A step that was read as JSON, wherever it came from.</summary>
    private static Reading<UniversalStep> Step(ref Utf8JsonReader reader, ReadOnlyMemory<byte> body, int? index)
    {
        string? provider = null, endpoint = null, authorization = null;
        var head = new HeaderDictionary();
        StepConfig? config = null;
        ReadOnlyMemory<byte>? query = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (name == "query")
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                query = body[start..(int)reader.BytesConsumed];
                continue;
            }
            if (name is not ("provider" or "endpoint" or "authorization" or "headers" or "config"))
            {
                reader.Skip();
                continue;
            }
            var value = JsonElement.ParseValue(ref reader);
            var field = UniversalStep.Name(index, name);
            Failure? wrong = null;
            switch (name)
            {
                case "headers":
                    wrong = Headers(value, field, head);
                    break;
                case "config":
                    var read = Config(value, field);
                    (config, wrong) = (read.Value, read.Failure);
                    break;
                case var _ when value.ValueKind != JsonValueKind.String:
                    wrong = name == "authorization" && value.ValueKind == JsonValueKind.Null ? null : Wrong($"{field} must be a string.", field);
                    break;
                case "provider":
                    provider = value.GetString();
                    break;
                case "endpoint":
                    endpoint = value.GetString();
                    break;
                default:
                    authorization = value.GetString();
                    break;
            }
            if (wrong is not null)
                return wrong;
        }
        if (string.IsNullOrEmpty(provider))
            return Missing(index, "provider", "a provider's slug, such as grok, or compat");
        if (endpoint is null)
            return Missing(index, "endpoint", "the path behind the provider's slug, such as v1/chat/completions");
        if (query is null)
            return Missing(index, "query", "the JSON body for the provider");
        if (authorization is not null && IsText(authorization))
            head.TryAdd("Authorization", authorization);
        return Address(provider, endpoint, index) is { } bad ? bad : Made(provider, endpoint, head, query.Value, config);
    }

    private static UniversalStep Made(string provider, string endpoint, HeaderDictionary head, ReadOnlyMemory<byte> query, StepConfig? config)
    {
        if (!head.ContainsKey("Content-Type"))
            head["Content-Type"] = "application/json";
        var question = endpoint.IndexOf('?', StringComparison.Ordinal);
        var (path, rest) = question < 0 ? (endpoint, "") : (endpoint[..question], endpoint[question..]);
        return new UniversalStep(provider, path.TrimStart('/'), rest.Length > 1 ? rest : "", head, query, config);
    }

    /// <summary>An endpoint becomes a piece of an address, so it must be one as it stands.</summary>
    private static Failure? Address(string provider, string endpoint, int? index)
    {
        var field = UniversalStep.Name(index, "endpoint");
        if (provider.AsSpan().IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-_") >= 0)
            return GatewayErrors.UnknownProviderOf(UniversalStep.Name(index, "provider"), provider.Length <= LongestShown ? provider : provider[..LongestShown] + "...");
        if (endpoint.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0 || endpoint.AsSpan().ContainsAny('#', '\\', '"'))
            return Wrong($"{field} has a character that an address cannot have: write it percent-encoded.", field);
        var question = endpoint.IndexOf('?', StringComparison.Ordinal);
        if (GatewayTarget.HasDotSegments(question < 0 ? endpoint : endpoint[..question]))
            return Wrong($"{field} has a segment of dots: write the path without it.", field);
        return KeyText.IsOurs(endpoint) ? Wrong($"{field} must not have an API key in it: send it in the header cf-aig-authorization.", field) : null;
    }

    /// <summary>Values come as strings, and as what clients had before they made strings of it.</summary>
    private static Failure? Headers(JsonElement headers, string field, HeaderDictionary head)
    {
        if (headers.ValueKind == JsonValueKind.Null)
            return null;
        if (headers.ValueKind != JsonValueKind.Object)
            return Wrong($"{field} must be an object of names and values.", field);
        foreach (var header in headers.EnumerateObject())
        {
            if (header.Value.ValueKind == JsonValueKind.Null)
                continue;
            var value = header.Value.ValueKind switch
            {
                JsonValueKind.String => header.Value.GetString()!,
                JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => header.Value.GetRawText(),
                // Metadata and costs are JSON themselves.
                _ when header.Name.StartsWith(GatewayHeaders.Prefix, StringComparison.OrdinalIgnoreCase) => header.Value.GetRawText(),
                _ => null,
            };
            var name = $"{field}.{header.Name}";
            if (!IsName(header.Name))
                return Wrong($"{field} has the name \"{(header.Name.Length <= LongestShown ? header.Name : header.Name[..LongestShown] + "...")}\", which no header can have: 1 to {LongestName} letters, digits and the signs of RFC 9110.", field);
            if (head.Count >= MostHeaders)
                return Wrong($"{field} has more than {MostHeaders} names: send fewer.", field);
            if (value is null || !IsText(value))
                return Wrong($"{name} must be a string without line breaks.", name);
            head[header.Name] = value;
        }
        return null;
    }

    private static Reading<StepConfig> Config(JsonElement config, string field)
    {
        if (config.ValueKind == JsonValueKind.Null)
            return new StepConfig(null, null, null, null);
        if (config.ValueKind != JsonValueKind.Object)
            return Wrong($"{field} must be an object with requestTimeout, maxAttempts, retryDelay and backoff.", field);
        Failure? wrong = null;
        var read = new StepConfig(
            Number(config, field, "requestTimeout", 1, int.MaxValue, "milliseconds", ref wrong),
            Number(config, field, "maxAttempts", 1, GatewaySettings.MostAttempts, "tries", ref wrong),
            Number(config, field, "retryDelay", 0, GatewaySettings.LongestRetryDelay, "milliseconds", ref wrong),
            Growth(config, field, ref wrong));
        return wrong is null ? read : wrong;
    }

    private static int? Number(JsonElement config, string field, string name, int least, int most, string unit, ref Failure? wrong)
    {
        if (!config.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        var text = value.ValueKind switch { JsonValueKind.Number => value.GetRawText(), JsonValueKind.String => value.GetString(), _ => null };
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;
        wrong ??= Wrong(string.Create(CultureInfo.InvariantCulture, $"{field}.{name} must be a whole number of {unit} from {least} to {most}."), $"{field}.{name}");
        return null;
    }

    private static Backoff? Growth(JsonElement config, string field, ref Failure? wrong)
    {
        if (!config.TryGetProperty("backoff", out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        if (value.ValueKind == JsonValueKind.String && GatewayWords.ParseBackoff(value.GetString()) is { } backoff)
            return backoff;
        wrong ??= Wrong($"{field}.backoff must be constant, linear or exponential.", $"{field}.backoff");
        return null;
    }

    private static bool IsName(string name) => name.Length is > 0 and <= LongestName && name.AsSpan().IndexOfAnyExcept(Token) < 0;

    private static readonly System.Buffers.SearchValues<char> Token =
        System.Buffers.SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    private static bool IsText(string value)
    {
        foreach (var rune in value.EnumerateRunes())
            if (Rune.IsControl(rune) && rune.Value != '\t')
                return false;
        return true;
    }

    private static Failure Missing(int? index, string name, string what)
    {
        var field = UniversalStep.Name(index, name);
        return Wrong($"{field} is missing: it must be {what}.", field);
    }

    private static Failure Wrong(string message, string? param = null) => GatewayErrors.Of(FailureKind.InvalidRequest, GatewayErrors.Invalid, message) with { Param = param };
}
