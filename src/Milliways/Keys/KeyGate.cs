using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Exchanges;
using Milliways.Hosting;

namespace Milliways.Keys;

/// <summary>
/// The first gate: who is calling, and may they call this endpoint. It stands before the body is read, so that nobody without a key can make the server hold
/// 32 MiB. Which models a key may name is <see cref="ModelAccess"/>' question, once the body is read.
/// </summary>
internal sealed class KeyGate(KeyStore keys, ServerAddress address, TimeProvider time) : IGate
{
    public ValueTask<Admission> EnterAsync(Exchange exchange, CancellationToken cancel)
    {
        var endpoints = exchange.Front.EndpointsOf(exchange.Http);
        var found = exchange.Presented is { } presented ? Authenticate(presented, endpoints) : Authenticate(exchange.Http, endpoints);
        exchange.Key = found.Value;
        // At an address with keys of its own it is not known yet whether this is one of them.
        if (found.Value?.Flavour is { } flavour && exchange.Presented is null)
            exchange.Speak(flavour);
        return ValueTask.FromResult(found.IsOk ? Admission.Free : Admission.Refused(found.Failure));
    }

    /// <summary>The key of a request that may use one of these endpoints now, or the failure that says what is wrong.</summary>
    public Reading<ApiKey> Authenticate(HttpContext http, KeyEndpoints endpoints)
    {
        var found = Identify(http);
        return found.IsOk ? Admit(found.Value, endpoints) : found;
    }

    private Reading<ApiKey> Authenticate(PresentedKey presented, KeyEndpoints endpoints) =>
        presented.Text is { Length: > 0 } text && keys.Find(text) is { } key && (presented.Stranger is null || presented.Stranger.Team.Id == key.Team.Id) ? Admit(key, endpoints)
        : presented.Stranger is { } stranger ? Admit(stranger, endpoints)
        : presented.Text is { Length: > 0 } wrong ? Wrong(wrong)
        : Errors.NoKey();

    private Reading<ApiKey> Admit(ApiKey key, KeyEndpoints endpoints)
    {
        var now = time.GetUtcNow();
        if (key.RefusedBecause(now) is { } why)
            return new Failure(FailureKind.Forbidden, FailureParty.Client, "key", why);
        if (!key.Acls.Allows(endpoints))
            return Denied(endpoints);
        key.Use.Touch(now);
        return key;
    }

    /// <summary>The key of a request, whatever state it is in, or the failure that says what is wrong with its credential.</summary>
    public Reading<ApiKey> Identify(HttpContext http)
    {
        var text = Credential.From(http.Request.Headers, out var header);
        if (text.IsEmpty || header is null)
            return Errors.NoKey();
        var (connection, version) = (KeyMemo.PlaceOf(http), keys.Version); // the version before the look-up: a change in between makes the memo worthless
        if (KeyMemo.Recall(connection, header, version) is { } known)
            return known;
        if (keys.Find(text, out var isOld) is not { } key)
            return Wrong(text.ToString());
        // A replaced text ends by the clock, which changes no version.
        if (!isOld)
            KeyMemo.Keep(connection, header, version, key);
        return key;
    }

    /// <summary>What is said depends on the text alone: nobody learns from it which keys there are.</summary>
    private Failure Wrong(string text)
    {
        var wrong = Errors.WrongKey(text, address.Console);
        if (text.StartsWith(KeyText.ManagementPrefix, StringComparison.Ordinal))
            return wrong with { Message = wrong.Message + " It has the form of a management key, which the paths under /management take: use an API key here." };
        return text.StartsWith(KeyText.Prefix, StringComparison.Ordinal) && !KeyText.IsWellFormed(text)
            ? wrong with { Message = wrong.Message + " Its checksum does not fit: a character is wrong or missing." }
            : wrong;
    }

    /// <summary>xAI's words (xai-api 1.15.3).</summary>
    private static Failure Denied(KeyEndpoints endpoints)
    {
        var name = KeyAcls.Word(endpoints);
        return new Failure(FailureKind.Forbidden, FailureParty.Client, "acl",
            $"Access to the {name} endpoint is denied for this API key: it needs the ACL {KeyAcls.EndpointPrefix}{name} or {KeyAcls.EndpointPrefix}*.");
    }
}
