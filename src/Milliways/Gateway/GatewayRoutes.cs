using Milliways.Api;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Upstreams;

namespace Milliways.Gateway;

/// <summary>
/// The gateway's addresses: the provider path of Grok and the OpenAI-compatible endpoint, on the team's <c>default</c> gateway. They reach whatever
/// serves grok here, with a Milliways key as the only credential.
/// </summary>
internal sealed class GatewayRoutes
{
    public const string DefaultGateway = "default";

    private readonly ExchangeRunner _runner;
    private readonly KeyGate _keys;
    private readonly Dictionary<string, (IFront Front, string Summary)> _fronts;

    public GatewayRoutes(ExchangeRunner runner, KeyGate keys, UpstreamSet upstreams)
    {
        (_runner, _keys) = (runner, keys);
        var grok = new ModelPrefix.Provider(upstreams, "grok");
        var chat = (new ChatFront(Flavour.Xai, grok), "Grok's Chat Completions through the gateway");
        var messages = (new MessagesFront(grok), "Grok's Messages through the gateway");
        _fronts = new Dictionary<string, (IFront, string)>
        {
            ["/grok/chat/completions"] = chat,
            ["/grok/v1/chat/completions"] = chat,
            ["/grok/messages"] = messages,
            ["/grok/v1/messages"] = messages,
            ["/compat/chat/completions"] = (new ChatFront(Flavour.OpenAi, new ModelPrefix.Compat(upstreams)), "Any provider's model as {provider}/{model}"),
        };
    }

    /// <summary>The rows of /openapi.json.</summary>
    public IEnumerable<(string Path, string Summary)> Describe() =>
        _fronts.Select(front => ("/v1/{account_id}/{gateway_id}" + front.Key, front.Value.Summary));

    public Task ServeAsync(HttpContext http, in GatewayPath path)
    {
        var whole = path.Rest;
        if (!_fronts.TryGetValue(whole, out var served))
            return Routes.NotFoundAsync(http, whole);
        if (http.Request.Method != "POST")
        {
            http.Response.Headers.Allow = "POST";
            return FailureAnswer.WriteAsync(http, served.Front,
                new Failure(FailureKind.MethodNotAllowed, FailureParty.Client, "route", $"{http.Request.Method} is not allowed here: use POST."));
        }
        var key = _keys.Authenticate(http);
        if (!key.IsOk)
            return FailureAnswer.WriteAsync(http, served.Front, key.Failure);
        // Another team's account and a gateway that does not exist look alike: nobody learns which accounts there are.
        if (!string.Equals(path.Account, key.Value.Team.Account, StringComparison.OrdinalIgnoreCase) || path.Gateway != DefaultGateway)
            return FailureAnswer.WriteAsync(http, served.Front, new Failure(FailureKind.NotFound, FailureParty.Client, "route",
                $"There is no gateway \"{path.Gateway}\" of the account {path.Account} for this key: the address starts with /v1/{key.Value.Team.Account}/{DefaultGateway}."));
        return _runner.RunAsync(http, served.Front);
    }
}
