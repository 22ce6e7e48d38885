using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Gateway.Providers;

namespace Milliways.Gateway.Credentials;

/// <summary>
/// Access tokens of service accounts (cloudflare 3.8): asked for once, whoever waits, and kept until shortly before they end. The address comes out of a tenant's
/// file, so it is called by the tenants' rules.
/// </summary>
internal sealed class ServiceAccountTokens(GatewayProviders providers, TimeProvider time)
{
    private const string Scope = "https://www.googleapis.com/auth/cloud-platform";
    private const string Grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    private const int MostAnswerBytes = 64 << 10;

    /// <summary>Accounts whose tokens are kept; callers bring their own, so they are bounded.</summary>
    private const int MostKept = 1024;

    /// <summary>A token is renewed so long before its end that a call under way still has it.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    private readonly ConcurrentDictionary<string, Lazy<Task<Reading<Token>>>> _tokens = new(StringComparer.Ordinal);

    /// <returns>The token, or why there is none.</returns>
    public async Task<Reading<string>> OfAsync(ServiceAccount account, CancellationToken cancel)
    {
        var name = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{account.Email}\n{account.TokenUri}\n{account.PrivateKey}")));
        var arrived = time.GetUtcNow();
        while (true)
        {
            if (_tokens.Count >= MostKept)
                Forget();
            var asked = _tokens.GetOrAdd(name, _ => new Lazy<Task<Reading<Token>>>(() => AskAsync(account)));
            var token = await asked.Value.WaitAsync(cancel);
            if (token.IsOk && (token.Value.RenewAt > time.GetUtcNow() || token.Value.AskedAt >= arrived))
                return token.Value.Text;
            _tokens.TryRemove(KeyValuePair.Create(name, asked));
            if (!token.IsOk)
                return token.Failure;
        }
    }

    /// <summary>Whoever is forgotten is asked for again.</summary>
    private void Forget()
    {
        foreach (var (name, asked) in _tokens)
            if (asked is { IsValueCreated: true, Value.IsCompleted: true })
                _tokens.TryRemove(KeyValuePair.Create(name, asked));
    }

    /// <summary>Not a caller's own: one that leaves does not take the token from those who wait with it.</summary>
    private async Task<Reading<Token>> AskAsync(ServiceAccount account)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // the signature is work for the pool
        var now = time.GetUtcNow();
        using var late = new CancellationTokenSource(Longest, time);
        using var request = new HttpRequestMessage(HttpMethod.Post, account.Tokens.At(""))
        {
            Content = new FormUrlEncodedContent([new("grant_type", Grant), new("assertion", account.Assertion(Scope, now))]),
        };
        try
        {
            using var response = await providers.TenantsClient().SendAsync(request, late.Token);
            var body = await ReadAsync(response, late.Token);
            using var document = JsonDocument.Parse(body);
            if (!response.IsSuccessStatusCode)
                return Refused((int)response.StatusCode, Text(document, "error_description") ?? Text(document, "error"));
            if (Text(document, "access_token") is not { } text || text.AsSpan().ContainsAnyExceptInRange('!', '~'))
                return Failure.Broken("token", "Google's token endpoint gave no access_token that a header can have.");
            var seconds = document.RootElement.TryGetProperty("expires_in", out var expires) && expires.TryGetInt32(out var given) ? Math.Clamp(given, 0, 3600) : 0;
            return new Token(text, now, now + TimeSpan.FromSeconds(seconds) - Margin);
        }
        catch (JsonException)
        {
            return Failure.Broken("token", "Google's token endpoint gave an answer that is no JSON.");
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or OperationCanceledException)
        {
            return (broken.InnerException ?? broken) is Upstreams.Tenants.ForbiddenAddressException forbidden
                ? Failure.Invalid($"token_uri of the service account {forbidden.Reason}.")
                : Failure.Broken("token", $"The token endpoint {account.Tokens.Origin} of the service account cannot be reached.");
        }
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        var buffer = new byte[MostAnswerBytes];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        return buffer[..length];
    }

    /// <summary>The account is the asker's own, and so is what is wrong with it; trouble at Google's is not.</summary>
    private static Failure Refused(int status, string? why) => status >= 500
        ? Failure.Broken("token", $"The token endpoint of the service account answered with status {status}.")
        : new Failure(FailureKind.UpstreamRefused, FailureParty.Client, "token", $"Google did not accept the service account: {UpstreamMessage.Plain(why) ?? $"status {status}"}.")
        {
            UpstreamStatus = StatusCodes.Status401Unauthorized,
            Code = "invalid_api_key",
        };

    private static string? Text(JsonDocument document, string name) =>
        document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    /// <param name="Text">What is sent.</param>
    /// <param name="AskedAt">Who came before that may use it even when it is shorter than the margin.</param>
    /// <param name="RenewAt">From then on another one is asked for.</param>
    private sealed record Token(string Text, DateTimeOffset AskedAt, DateTimeOffset RenewAt);
}
