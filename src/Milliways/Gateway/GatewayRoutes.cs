using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Gateway.Calls;
using Milliways.Gateway.Settings;
using Milliways.Gateway.Sockets;
using Milliways.Gateway.Universal;
using Milliways.Hosting.Configuration;
using Milliways.Keys;

namespace Milliways.Gateway;

/// <summary>
/// Cloudflare's layout below <c>/v1/{account}/{gateway}</c>: providers' own paths, and compat. What stands before the walk is only what the walk needs to know:
/// the address as it was written, the headers that are for the gateway, and where its token is.
/// </summary>
internal sealed class GatewayRoutes(ExchangeRunner runner, GatewayStore gateways, GatewayServices services, CompatModels models, UniversalSockets sockets, ConfigState config)
{
    public const string Compat = "compat";

    /// <summary>Where a universal request's own address ends.</summary>
    private const string Universal = "";

    /// <summary>What a provider's path may be asked with; the document has a word for no other.</summary>
    private static readonly string[] Methods = ["POST", "GET", "PUT", "PATCH", "DELETE", "HEAD"];

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
        ("POST", "/v1/{account_id}/{gateway_id}", "One request, or several that stand for each other, each at a provider of its own"),
        ("GET", "/v1/{account_id}/{gateway_id}", "The same over a WebSocket, a message for each request"),
        .. Methods.Select(method => (method, "/v1/{account_id}/{gateway_id}/{provider}/{path}", method == "GET"
            ? "A provider's own path, passed as it is; with Upgrade: websocket its realtime socket"
            : "A provider's own path, passed as it is")),
        ("GET", "/v1/{account_id}/{gateway_id}/{provider}", "The provider's realtime socket, over a WebSocket"),
        .. CompatPaths.Select(row => ("POST", $"/v1/{{account_id}}/{{gateway_id}}/{Compat}/{row.Path}", row.Summary)),
        ("GET", $"/v1/{{account_id}}/{{gateway_id}}/{Compat}/models", "The models that compat serves, as {provider}/{model}"),
    ];

    public async Task ServeAsync(HttpContext http, GatewayPath path)
    {
        var call = Begin(http, path);
        if (!call.IsOk)
        {
            http.Response.Headers.Remove(GatewayIds.LogId);
            await FailureAnswer.WriteAsync(http, GatewayErrors.Plain, call.Failure);
            return;
        }
        await ServeAsync(http, call.Value);
    }

    /// <summary>An address without an account or a gateway: nobody's, so nobody's log has it.</summary>
    public static Task MalformedAsync(HttpContext http)
    {
        var id = GatewayIds.Of(http);
        GatewayIds.Put(http, id, GatewayHeaders.Read(http.Request.Headers).EventId ?? id);
        http.Response.Headers.Remove(GatewayIds.LogId);
        return FailureAnswer.WriteAsync(http, GatewayErrors.Plain, GatewayErrors.Incomplete);
    }

    private Task ServeAsync(HttpContext http, GatewayCall call)
    {
        if (call.Rest.AsSpan().Trim('/') is Universal)
            return ServeUniversalAsync(http, call);
        if (UniversalSockets.IsUpgrade(http))
            return RealtimePaths.Of(call) is { } session
                ? runner.RunAsync(http, new RealtimeFront(session.Call, session.Slug, session.Path, services))
                : runner.RunAsync(http, new RefusalFront(call, GatewayErrors.UnknownProvider));
        var slash = call.Rest.IndexOf('/', StringComparison.Ordinal);
        var (slug, rest) = slash < 0 ? (call.Rest, "") : (call.Rest[..slash], call.Rest[(slash + 1)..]);
        if (slug != Compat)
            return runner.RunAsync(http, new ProviderFront(call, slug, rest, CallKinds.Of(call.Method, rest), services));
        rest = CompatRest(rest);
        if (rest == "models" && call.Method is "GET" or "HEAD")
            return runner.RunAsync(http, new CompatModelsFront(call, models));
        var kind = CompatKind(rest);
        if (kind is null && rest != "models")
            return runner.RunAsync(http, new RefusalFront(call, GatewayErrors.UnknownProvider));
        return kind is null || call.Method != "POST" ? OnlyAsync(http, call, rest == "models" ? "GET" : "POST") : runner.RunAsync(http, new CompatFront(call, kind.Value, services));
    }

    /// <summary>What a path of compat's means, or null.</summary>
    /// <param name="rest">Behind the slug, without its version.</param>
    public static CallKind? CompatKind(string rest) => Array.Find(CompatPaths, row => row.Path == rest) is { Path: not null } row ? row.Kind : null;

    public static string CompatRest(string rest)
    {
        rest = rest.TrimEnd('/');
        return rest.StartsWith("v1/", StringComparison.Ordinal) ? rest[3..] : rest;
    }

    private Task ServeUniversalAsync(HttpContext http, GatewayCall call) =>
        call.Method == "POST" ? runner.RunAsync(http, new UniversalFront(call, services))
        : UniversalSockets.IsUpgrade(http) ? sockets.AcceptAsync(http, accepted => runner.RunAsync(accepted, new SocketFront(call, sockets, message => ServeAsync(message, call.Path))))
        : OnlyAsync(http, call, "POST");

    private Task OnlyAsync(HttpContext http, GatewayCall call, string allowed)
    {
        http.Response.Headers.Allow = allowed;
        return runner.RunAsync(http, new RefusalFront(call, new Failure(FailureKind.MethodNotAllowed, FailureParty.Client, "route", $"{call.Method} is not allowed here: use {allowed}.")));
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
        var credentials = CallerCredentials.Read(request.Headers, target.Value.Query);
        var stranger = gateways.OpenTo(path.Account, path.Gateway) is { } team ? Strangers.KeyOf(team) : null;
        var call = new GatewayCall(path, request.Method, target.Value.Rest, target.Value.Query, headers, credentials, ids)
        {
            Presented = new PresentedKey(credentials.Token, stranger),
            Head = request.Headers,
            Logs = config.InEffect.Logs.Collect ? gateways.Find(path.Account, path.Gateway)?.CollectLogs ?? true : null,
        };
        GatewayIds.Put(http, call);
        http.Features.Set(call);
        http.Features.Set(new GatewayAddress(path));
        return call;
    }
}
