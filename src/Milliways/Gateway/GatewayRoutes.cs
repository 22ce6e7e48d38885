using Milliways.Api;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Routing;

namespace Milliways.Gateway;

/// <summary>
/// The gateway's addresses: the provider path of Grok and the OpenAI-compatible endpoint, on the team's <c>default</c> gateway. They reach whatever
/// serves grok here, with a Milliways key as the only credential.
/// </summary>
internal sealed class GatewayRoutes
{
    public const string DefaultGateway = "default";

    private readonly ExchangeRunner _runner;
    private readonly Dictionary<string, (IFront Front, string Summary)> _fronts;

    public GatewayRoutes(ExchangeRunner runner, LiveRouting routing)
    {
        _runner = runner;
        var grok = new ModelPrefix.Provider(routing, ModelPrefix.Grok);
        var chat = (new ChatFront(Flavour.Xai, grok), "Grok's Chat Completions through the gateway");
        var messages = (new MessagesFront(grok), "Grok's Messages through the gateway");
        _fronts = new Dictionary<string, (IFront, string)>
        {
            ["/grok/chat/completions"] = chat,
            ["/grok/v1/chat/completions"] = chat,
            ["/grok/messages"] = messages,
            ["/grok/v1/messages"] = messages,
            ["/compat/chat/completions"] = (new ChatFront(Flavour.OpenAi, new ModelPrefix.Compat(routing)), "Any provider's model as {provider}/{model}"),
        };
    }

    /// <summary>The rows of /openapi.json.</summary>
    public IEnumerable<(string Path, string Summary)> Describe() =>
        _fronts.Select(front => ("/v1/{account_id}/{gateway_id}" + front.Key, front.Value.Summary));

    public Task ServeAsync(HttpContext http, in GatewayPath path)
    {
        if (!_fronts.TryGetValue(path.Rest, out var served))
            return Routes.NotFoundAsync(http, path.Rest);
        if (http.Request.Method != "POST")
        {
            http.Response.Headers.Allow = "POST";
            return FailureAnswer.WriteAsync(http, served.Front,
                new Failure(FailureKind.MethodNotAllowed, FailureParty.Client, "route", $"{http.Request.Method} is not allowed here: use POST."));
        }
        http.Features.Set(new GatewayAddress(path));
        return _runner.RunAsync(http, served.Front);
    }
}
