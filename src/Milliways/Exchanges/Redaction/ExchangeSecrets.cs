using System.Text;
using System.Text.Json;
using Milliways.Keys;

namespace Milliways.Exchanges.Redaction;

/// <summary>
/// The credentials that one exchange was shown or has used: whatever is written about it is written without them, in whosever words they come back. Whoever puts
/// a credential on a call adds it here; what leaves in a call's head is added by the call itself. Keys of ours are not kept: they are known by their beginning.
/// </summary>
internal sealed class ExchangeSecrets
{
    /// <summary>A shorter value is no key, and searching for it would black out half of the log.</summary>
    public const int LeastLength = 8;

    private readonly Lock _one = new();
    private readonly List<string> _known = [];

    /// <summary>
    /// One credential, without the word of a scheme. Of one that is a JSON document, such as a service account, in base64 too, its keys, secrets, tokens and
    /// passwords; of one in parts, such as <c>ACCESS:SECRET</c>, these.
    /// </summary>
    public void Add(string? secret)
    {
        if (secret is null)
            return;
        AddText(secret);
        if (secret.AsSpan().TrimStart().StartsWith('{'))
            AddParts(secret);
        else if ((secret.StartsWith("ey", StringComparison.Ordinal) || secret.StartsWith("ew", StringComparison.Ordinal)) && Plain(secret) is { } document)
            AddParts(document);
        else if (secret.Contains(':', StringComparison.Ordinal))
            foreach (var part in secret.Split(':'))
                AddText(part);
    }

    /// <summary>What stands in credentials' places in the head of a request.</summary>
    public void AddHead(IHeaderDictionary head)
    {
        foreach (var (name, values) in head)
            if (SecretNames.IsHeader(name))
                foreach (var value in values)
                    AddHeader(name, value);
    }

    /// <summary>The value of a header in which a credential stands.</summary>
    public void AddHeader(string name, string? value)
    {
        if (value is null)
            return;
        if (name.Equals("Sec-WebSocket-Protocol", StringComparison.OrdinalIgnoreCase))
            foreach (var offered in value.Split(',', StringSplitOptions.TrimEntries))
                AddText(SecretNames.InProtocol(offered));
        else
            AddText(WithoutScheme(value));
    }

    /// <param name="query">From its question mark, as it was written; empty: none.</param>
    public void AddQuery(string? query)
    {
        if (string.IsNullOrEmpty(query))
            return;
        foreach (var pair in query[1..].Split('&'))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !SecretNames.IsQuery(Uri.UnescapeDataString(pair[..equals])))
                continue;
            AddText(pair[(equals + 1)..]);
            AddText(Uri.UnescapeDataString(pair[(equals + 1)..].Replace('+', ' ')));
        }
    }

    /// <summary>All of them, those of the request itself among them.</summary>
    public Redactor Redactor(HttpRequest request)
    {
        AddHead(request.Headers);
        AddQuery(request.QueryString.Value);
        lock (_one)
            return new Redactor([.. _known]);
    }

    private void AddText(string? text)
    {
        if (text is null || text.Length < LeastLength || KeyText.IsOurs(text))
            return;
        lock (_one)
            if (!_known.Contains(text))
                _known.Add(text);
    }

    private void AddParts(string document)
    {
        try
        {
            using var read = JsonDocument.Parse(document);
            foreach (var member in read.RootElement.EnumerateObject())
                if (member.Value.ValueKind == JsonValueKind.String && SecretNames.IsPart(member.Name))
                    AddText(member.Value.GetString());
        }
        catch (JsonException)
        {
            // A key may begin with a brace.
        }
    }

    /// <summary>What base64 stands for; null: it is none.</summary>
    private static string? Plain(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : null;
    }

    private static string WithoutScheme(string value) =>
        value.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space && !value.AsSpan(0, space).Contains('=') && !value.AsSpan(space).Contains(", ", StringComparison.Ordinal) ? value[(space + 1)..].Trim() : value;
}
