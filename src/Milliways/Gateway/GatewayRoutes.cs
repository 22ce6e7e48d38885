using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Gateway.Calls;
using Milliways.Gateway.Settings;
using Milliways.Keys;

namespace Milliways.Gateway;

/// <summary>
/// Cloudflare's layout below <c>/v1/{account}/{gateway}</c>: providers' own paths, and compat. What stands before the walk is only what the walk needs to know:
/// the address as it was written, the headers that are for the gateway, and where its token is.
/// </summary>
internal sealed class GatewayRoutes(ExchangeRunner runner, GatewayStore gateways, GatewayServices services, CompatModels models)
{
    private const string Compat = "compat";

    private static readonly (string Path, CallKind Kind, string Summary)[] CompatPaths =
    [
        ("chat/completions", CallKind.Chat, "Any provider's model as {provider}/{model}"),
        ("responses", CallKind.Responses, "Any provider's model in OpenAI's Responses"),
        ("messages", CallKind.Messages, "Any provider's model in Anthropic's dialect"),
        ("embeddings", CallKind.Embeddings, "Any provider's embeddings"),
    ];

    /// <summary>The rows of /openapi.json.</summary>
    public static IEnumerable<(string Method, string Path, string Summary)> Describe() =>
    [
        ("POST", "/v1/{account_id}/{gateway_id}/{provider}/{path}", "A provider's own path, passed as it is; any other method too"),
        .. CompatPaths.Select(row => ("POST", $"/v1/{{account_id}}/{{gateway_id}}/{Compat}/{row.Path}", row.Summary)),
        ("GET", $"/v1/{{account_id}}/{{gateway_id}}/{Compat}/models", "The models that compat serves, as {provider}/{model}"),
    ];

    public async Task ServeAsync(HttpContext http, GatewayPath path)
    {
        var call = Begin(http, path);
        if (!call.IsOk)
        {
            await FailureAnswer.WriteAsync(http, GatewayErrors.Plain, call.Failure);
            return;
        }
        await ServeAsync(http, call.Value);
    }

    /// <summary>An account without a gateway behind it.</summary>
    public static Task MalformedAsync(HttpContext http) => FailureAnswer.WriteAsync(http, GatewayErrors.Plain, GatewayErrors.UnknownGateway);

    private Task ServeAsync(HttpContext http, GatewayCall call)
    {
        var slash = call.Rest.IndexOf('/', StringComparison.Ordinal);
        var (slug, rest) = slash < 0 ? (call.Rest, "") : (call.Rest[..slash], call.Rest[(slash + 1)..]);
        if (slug != Compat)
            return runner.RunAsync(http, new ProviderFront(call, slug, rest, CallKinds.Of(call.Method, rest), services));
        rest = rest.TrimEnd('/');
        if (rest.StartsWith("v1/", StringComparison.Ordinal))
            rest = rest[3..];
        if (rest == "models" && call.Method is "GET" or "HEAD")
            return runner.RunAsync(http, new CompatModelsFront(call, models));
        var row = Array.Find(CompatPaths, row => row.Path == rest);
        if (row.Path is null && rest != "models")
            return runner.RunAsync(http, new RefusalFront(call, GatewayErrors.UnknownProvider));
        if (row.Path is null || call.Method != "POST")
        {
            var allowed = rest == "models" ? "GET" : "POST";
            http.Response.Headers.Allow = allowed;
            return runner.RunAsync(http, new RefusalFront(call, new Failure(FailureKind.MethodNotAllowed, FailureParty.Client, "route", $"{call.Method} is not allowed here: use {allowed}.")));
        }
        return runner.RunAsync(http, new CompatFront(call, row.Kind, services));
    }

    /// <summary>Reads what is for the gateway, and puts the ids on the answer, which carries them however it ends (cloudflare 2.2).</summary>
    private Reading<GatewayCall> Begin(HttpContext http, in GatewayPath path)
    {
        var request = http.Request;
        var (headers, ids) = (GatewayHeaders.Read(request.Headers), GatewayIds.Of(http));
        GatewayIds.Put(http, ids, headers.EventId ?? ids);
        var target = GatewayTarget.Of(http, path);
        if (!target.IsOk)
            return target.Failure;
        var call = new GatewayCall(path, request.Method, target.Value.Rest, target.Value.Query, headers, CallerCredentials.Read(request.Headers, target.Value.Query), ids);
        var stranger = gateways.OpenTo(path.Account, path.Gateway) is { } team ? Strangers.KeyOf(team) : null;
        if (!(headers.CollectLog ?? gateways.Find(path.Account, path.Gateway)?.CollectLogs ?? true))
            http.Response.Headers.Remove(GatewayIds.LogId);
        http.Features.Set(call);
        http.Features.Set(new GatewayAddress(path));
        http.Features.Set(new PresentedKey(call.Credentials.Token, stranger));
        return call;
    }
}
