using Milliways.Api;
using Milliways.Api.Responses;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Gateway.Providers;
using Milliways.Routing;
using Milliways.Stored;
using Milliways.Upstreams;

namespace Milliways.Gateway.Calls;

/// <summary>What fronts of the gateway need, and the fronts of dialects that they stand before.</summary>
internal sealed class GatewayServices(
    LiveRouting routing, GatewayProviders providers, CredentialChoice credentials, OwnedIds owned, DeferredCompletions deferred, StoredResponses stored, GrokModels grok, CallCredentials keys, TimeProvider time)
{
    public LiveRouting Routing => routing;

    public GatewayProviders Providers => providers;

    public CredentialChoice Credentials => credentials;

    public OwnedIds Owned => owned;

    public GrokModels Grok => grok;

    public CallCredentials Keys => keys;

    /// <summary>The front of a dialect, for calls that are not passed as they are; null for what no front knows.</summary>
    public IFront? Front(CallKind kind, Flavour flavour, ModelPrefix prefix) => kind switch
    {
        CallKind.Chat => new ChatFront(flavour, prefix, flavour == Flavour.Xai ? deferred : null, time),
        CallKind.Responses => new ResponsesFront(flavour, stored, prefix, time),
        CallKind.Messages => new MessagesFront(prefix),
        CallKind.Embeddings => new PlainFront(Operation.Embeddings, flavour, "data", prefix),
        CallKind.Images => new PlainFront(Operation.ImageGenerations, flavour, "data", prefix),
        _ => null,
    };
}
