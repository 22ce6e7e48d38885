using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Milliways.Keys;

namespace Milliways.Exchanges.Redaction;

/// <summary>
/// Takes secrets out of what is about to be written: keys of ours by their beginning, those that an exchange knows by themselves, and in JSON what stands under
/// the name of a credential. A key becomes asterisks, so that lengths stay what they were. The log does it on the writer's side of its queue: it costs nobody time.
/// </summary>
/// <param name="secrets">Texts that must not be written.</param>
internal sealed partial class Redactor(IReadOnlyList<string> secrets)
{
    public const string Mark = "[redacted]";

    private static readonly byte[][] Prefixes = [Encoding.ASCII.GetBytes(KeyText.Prefix), Encoding.ASCII.GetBytes(KeyText.ManagementPrefix)];

    private string[]? _forms;

    /// <summary>The secrets as they may be written: plain, in JSON, in an address.</summary>
    private string[] Forms => _forms ??= [.. secrets
        .SelectMany(secret => new[] { secret, JsonEncodedText.Encode(secret).ToString(), Json(secret), Json(secret).Replace("/", "\\/", StringComparison.Ordinal), Uri.EscapeDataString(secret) })
        .Distinct(StringComparer.Ordinal).OrderByDescending(form => form.Length)];

    public string? Text(string? text)
    {
        if (text is null || !IsSuspect(text))
            return text;
        var bytes = Encoding.UTF8.GetBytes(text);
        Plain(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>In place, for it is a copy already.</summary>
    public void Body(Span<byte> body)
    {
        var read = Members(body);
        if (read < body.Length)
            Loose(body[read..]);
        Plain(body);
    }

    /// <summary>What credentials' names say is masked as far as the text is JSON, whole or cut off.</summary>
    /// <returns>How far it is.</returns>
    private static int Members(Span<byte> body)
    {
        var reader = new Utf8JsonReader(body, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = 256, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip }));
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName)
                    continue;
                var name = reader.GetString()!;
                var (isSecret, isEndpoint) = (SecretNames.IsMember(name), name == "endpoint");
                if (!isSecret && !isEndpoint)
                    continue;
                if (!reader.Read())
                {
                    var rest = body[(int)reader.BytesConsumed..]; // cut off within the secret
                    if (isSecret)
                        rest.Fill((byte)'*');
                    else
                        Query(rest);
                    return body.Length;
                }
                if (reader.TokenType != JsonTokenType.String)
                    continue;
                var value = body[((int)reader.TokenStartIndex + 1)..((int)reader.BytesConsumed - 1)];
                if (isSecret)
                    value.Fill((byte)'*');
                else
                    Query(value);
            }
        }
        catch (Exception none) when (none is JsonException or InvalidOperationException)
        {
            // No JSON from here on.
        }
        return (int)reader.BytesConsumed;
    }

    /// <summary>The same where the text is no JSON but has pieces of it, such as the events of a stream, or what stands behind a mistake.</summary>
    private static void Loose(Span<byte> text)
    {
        if (text.IndexOf((byte)'"') < 0)
            return;
        // One character for each byte: places in the one are places in the other.
        foreach (var match in Member().EnumerateMatches(Encoding.Latin1.GetString(text)))
        {
            var member = text.Slice(match.Index, match.Length);
            var end = member[1..].IndexOf((byte)'"') + 1;
            var value = member[(end + 1)..];
            value = value[(value.IndexOf((byte)'"') + 1)..];
            var name = Encoding.Latin1.GetString(member[1..end]);
            if (SecretNames.IsMember(name))
                value.Fill((byte)'*');
            else if (name == "endpoint")
                Query(value);
        }
    }

    /// <summary>The values of credentials in the query of an address.</summary>
    private static void Query(Span<byte> address)
    {
        var question = address.IndexOf((byte)'?');
        for (var rest = question < 0 ? default : address[(question + 1)..]; !rest.IsEmpty;)
        {
            var ampersand = rest.IndexOf((byte)'&');
            var pair = ampersand < 0 ? rest : rest[..ampersand];
            if (pair.IndexOf((byte)'=') is > 0 and var equals && SecretNames.IsQuery(Encoding.Latin1.GetString(pair[..equals])))
                pair[(equals + 1)..].Fill((byte)'*');
            rest = ampersand < 0 ? default : rest[(ampersand + 1)..];
        }
    }

    private void Plain(Span<byte> text)
    {
        foreach (var prefix in Prefixes)
            for (var rest = text; rest.IndexOf(prefix) is >= 0 and var at;)
            {
                var key = rest[(at + prefix.Length)..];
                var end = key.IndexOfAnyExcept("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"u8);
                key[..(end < 0 ? key.Length : end)].Fill((byte)'*');
                rest = key;
            }
        foreach (var secret in Forms.Select(Encoding.UTF8.GetBytes))
        {
            for (var rest = text; rest.IndexOf(secret) is >= 0 and var at; rest = rest[(at + secret.Length)..])
                rest.Slice(at, secret.Length).Fill((byte)'*');
            text[^TailOf(text, secret)..].Fill((byte)'*');
        }
    }

    /// <summary>How much of the end is the beginning of a secret that was cut off with the text.</summary>
    private static int TailOf(ReadOnlySpan<byte> text, ReadOnlySpan<byte> secret)
    {
        for (var length = Math.Min(secret.Length, text.Length); length >= ExchangeSecrets.LeastLength; length--)
            if (text.EndsWith(secret[..length]))
                return length;
        return 0;
    }

    private bool IsSuspect(string text)
    {
        if (KeyText.IsOurs(text))
            return true;
        foreach (var form in Forms)
            if (form.Length >= ExchangeSecrets.LeastLength && text.Contains(form.AsSpan(0, ExchangeSecrets.LeastLength), StringComparison.Ordinal))
                return true; // or its beginning
        return false;
    }

    private static string Json(string secret) => JsonEncodedText.Encode(secret, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString();

    /// <summary>A member with a text, whole or cut off, as far as its closing quote.</summary>
    [GeneratedRegex("""
        "[A-Za-z_-]{3,40}"[ \t\r\n]*:[ \t\r\n]*"(?:[^"\\]|\\.)*
        """, RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Member();
}
