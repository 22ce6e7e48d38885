using Milliways.Api;
using Milliways.Api.Responses;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Gateway;

/// <summary>
/// The gateway's addresses: the provider path of Grok and the OpenAI-compatible endpoint, on the team's <c>default</c> gateway. They reach whatever
/// serves grok here, with a Milliways key as the only credential.
/// </summary>
internal sealed class GatewayRoutes
{
    public const string DefaultGateway = "default";

    private static readonly KeyPlace Keys = new("An address /v1/ACCOUNT/GATEWAY takes the keys of its own account only.");

    private readonly ExchangeRunner _runner;
    private readonly GatewayStore _gateways;
    private readonly Dictionary<string, (IFront Front, string Summary)> _fronts;

    public GatewayRoutes(ExchangeRunner runner, LiveRouting routing, GatewayStore gateways, DeferredCompletions deferred, StoredResponses stored)
    {
        (_runner, _gateways) = (runner, gateways);
        var (grok, openai, compat) = (new ModelPrefix.Provider(routing, ModelPrefix.Grok), new ModelPrefix.Provider(routing, "openai"), new ModelPrefix.Compat(routing));
        var chat = (new ChatFront(Flavour.Xai, grok, deferred), "Grok's Chat Completions through the gateway");
        var messages = (new MessagesFront(grok), "Grok's Messages through the gateway");
        _fronts = new Dictionary<string, (IFront, string)>
        {
            ["/grok/chat/completions"] = chat,
            ["/grok/v1/chat/completions"] = chat,
            ["/grok/messages"] = messages,
            ["/grok/v1/messages"] = messages,
            ["/grok/responses"] = (new ResponsesFront(Flavour.Xai, stored, grok), "Grok's Responses through the gateway"),
            ["/grok/embeddings"] = (new PlainFront(Operation.Embeddings, Flavour.Xai, "data", grok), "Grok's embeddings through the gateway"),
            ["/openai/chat/completions"] = (new ChatFront(Flavour.OpenAi, openai), "OpenAI's Chat Completions through the gateway"),
            ["/openai/responses"] = (new ResponsesFront(Flavour.OpenAi, stored, openai), "OpenAI's Responses through the gateway"),
            ["/openai/embeddings"] = (new PlainFront(Operation.Embeddings, Flavour.OpenAi, "data", openai), "OpenAI's embeddings through the gateway"),
            ["/compat/chat/completions"] = (new ChatFront(Flavour.OpenAi, compat), "Any provider's model as {provider}/{model}"),
            ["/compat/responses"] = (new ResponsesFront(Flavour.OpenAi, stored, compat), "Any provider's model in OpenAI's Responses"),
            ["/compat/messages"] = (new MessagesFront(compat), "Any provider's model in Anthropic's dialect"),
            ["/compat/embeddings"] = (new PlainFront(Operation.Embeddings, Flavour.OpenAi, "data", compat), "Any provider's embeddings"),
        };
    }

    /// <summary>The rows of /openapi.json.</summary>
    public IEnumerable<(string Path, string Summary)> Describe() =>
        _fronts.Select(front => ("/v1/{account_id}/{gateway_id}" + front.Key, front.Value.Summary));

    public Task ServeAsync(HttpContext http, in GatewayPath path)
    {
        if (!_fronts.TryGetValue(path.Rest, out var served))
            return Routes.NotFoundAsync(http, path.Rest);
        var front = _gateways.FlavourOf(path.Account, path.Gateway) is { } flavour ? served.Front.In(flavour) : served.Front;
        if (http.Request.Method != "POST")
        {
            http.Response.Headers.Allow = "POST";
            return FailureAnswer.WriteAsync(http, front,
                new Failure(FailureKind.MethodNotAllowed, FailureParty.Client, "route", $"{http.Request.Method} is not allowed here: use POST."));
        }
        http.Features.Set(new GatewayAddress(path));
        http.Features.Set(Keys);
        return _runner.RunAsync(http, front);
    }
}
