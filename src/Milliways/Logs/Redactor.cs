using System.Text;
using System.Text.Json;
using Milliways.Keys;

namespace Milliways.Logs;

/// <summary>
/// Takes secrets out of what is about to be written: keys of ours by their beginning, those of the request and its upstream by themselves, and in JSON what
/// stands under the name of a credential. A key becomes asterisks, so that lengths stay what they were. On the writer's side of the queue: it costs nobody time.
/// </summary>
/// <param name="secrets">Texts that must not be written.</param>
internal sealed class Redactor(IReadOnlyList<string> secrets)
{
    public const string Mark = "[redacted]";

    private static readonly byte[][] Prefixes = [Encoding.ASCII.GetBytes(KeyText.Prefix), Encoding.ASCII.GetBytes(KeyText.ManagementPrefix)];

    private readonly byte[][] _secrets = [.. secrets.Select(Encoding.UTF8.GetBytes)];

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
        Members(body);
        Plain(body);
    }

    /// <summary>What credentials' names say is masked as far as the text is JSON, whole or cut off.</summary>
    private static void Members(Span<byte> body)
    {
        var reader = new Utf8JsonReader(body, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = 256, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip }));
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName || !SecretNames.IsMember(reader.GetString()!))
                    continue;
                if (!reader.Read())
                {
                    body[(int)reader.BytesConsumed..].Fill((byte)'*'); // cut off within the secret
                    return;
                }
                if (reader.TokenType == JsonTokenType.String)
                    body[((int)reader.TokenStartIndex + 1)..((int)reader.BytesConsumed - 1)].Fill((byte)'*');
            }
        }
        catch (Exception none) when (none is JsonException or InvalidOperationException)
        {
            // No JSON from here on: there the secrets themselves are searched for.
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
        foreach (var secret in _secrets)
            for (var rest = text; rest.IndexOf(secret) is >= 0 and var at; rest = rest[(at + secret.Length)..])
                rest.Slice(at, secret.Length).Fill((byte)'*');
    }

    private bool IsSuspect(string text)
    {
        if (KeyText.IsOurs(text))
            return true;
        for (var i = 0; i < secrets.Count; i++)
            if (text.Contains(secrets[i], StringComparison.Ordinal))
                return true;
        return false;
    }
}
