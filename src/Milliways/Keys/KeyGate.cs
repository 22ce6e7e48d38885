using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Exchanges;
using Milliways.Hosting;

namespace Milliways.Keys;

/// <summary>
/// The first gate: who is calling. It stands before the body is read, so that nobody without a key can make the server hold 32 MiB.
/// </summary>
internal sealed class KeyGate(KeyStore keys, ServerAddress address) : IGate
{
    public ValueTask<Admission> EnterAsync(Exchange exchange, CancellationToken cancel)
    {
        var found = Authenticate(exchange.Http);
        exchange.Key = found.Value;
        if (found.Value?.Flavour is { } flavour)
            exchange.Speak(flavour);
        return ValueTask.FromResult(found.IsOk ? Admission.Free : Admission.Refused(found.Failure));
    }

    /// <summary>The key of a request, or the failure that says what is wrong with its credential.</summary>
    public Reading<ApiKey> Authenticate(HttpContext http)
    {
        if (Credential.From(http.Request.Headers) is not { } text)
            return Errors.NoKey();
        if (keys.Find(text) is not { } key)
            return Errors.WrongKey(text, address.Console) is var wrong && text.StartsWith(KeyText.Prefix, StringComparison.Ordinal) && !KeyText.IsWellFormed(text)
                ? wrong with { Message = wrong.Message + " Its checksum does not fit: a character is wrong or missing." }
                : wrong;
        return key.Disabled
            ? new Failure(FailureKind.Forbidden, FailureParty.Client, "key", "This API key is disabled.")
            : key;
    }
}
