using Milliways.Api;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Gateway.Providers;
using Milliways.Routing;

namespace Milliways.Gateway.Calls;

/// <summary>
/// Compat (cloudflare 1.6, 1.7): one dialect for every provider, whose slug stands before the model's name. With a key of the caller's or a stored one the
/// provider itself is called; with the operator's the upstream that serves it. A name without a provider is served when the configuration, or the embedded
/// models, call one of theirs so.
/// </summary>
internal sealed class CompatFront(GatewayCall call, CallKind kind, GatewayServices services)
    : GatewayFront(call, kind, services, services.Front(kind, Flavour.OpenAi, new ModelPrefix.Compat(services.Routing)))
{
    private string _name = "";

    public override string RouteName(RequestFacts facts) => _name;

    protected override string Remedy => Asked.StartsWith(ModelPrefix.Grok + "/", StringComparison.Ordinal) && Services.Routing.Table.Upstreams.ForProvider(ModelPrefix.Grok) is null ? NoXai
        : Asked.Contains('/', StringComparison.Ordinal) ? ""
        : ". Name it as {provider}/{model}, such as openai/gpt-5-mini: GET compat/models lists what is served.";

    protected override async ValueTask<Failure?> DecideAsync(Exchange exchange)
    {
        if (await ReadAsync(exchange) is { } unread)
            return unread;
        Asked = exchange.Facts.Model;
        if (Asked.StartsWith("dynamic/", StringComparison.Ordinal))
            return GatewayErrors.Of(FailureKind.InvalidRequest, GatewayErrors.NoProvider, $"Model not found: {Asked}. Dynamic routes are not served here: name a model as {{provider}}/{{model}}.");
        var (word, model) = Split(Asked);
        // What the operator calls so wins over another name of a provider in the table.
        var slug = Services.Routing.Table.Upstreams.ForProvider(word) is null && ProviderTable.ForModel(word) is { } known ? known.Slug : word;
        var target = slug.Length == 0 ? null : Services.Providers.Find(Call.Path.Account, slug) ?? Services.Providers.Behind(word);
        if (target is not null)
        {
            Call.Provider = target.Slug;
            var chosen = Services.Credentials.Choose(Call, target);
            if (!chosen.IsOk)
                return chosen.Failure;
            exchange.Secrets.Add(chosen.Value.Secret);
            if (chosen.Value.Payment is Payment.OwnKey or Payment.StoredKey || target.Custom is not null)
                return await OwnAsync(exchange, target, model, chosen.Value);
        }
        _name = Services.Routing.Table.Models.ContainsKey(Asked) ? Asked : new ModelPrefix.Compat(Services.Routing).RouteName(word.Length == 0 ? Asked : $"{slug}/{model}");
        var route = Routed(_name, exchange.Key!.Team);
        Take(exchange, Payment.Credits, route);
        if (!route.IsOk && route.Failure.Kind != FailureKind.ModelNotFound)
            return route.Failure;
        return route.IsOk ? await CheckFilesAsync(exchange, route.Value.Attempts.Select(attempt => attempt.Upstream)) : null;
    }

    /// <summary>The provider itself, with a key that is not the operator's.</summary>
    private async ValueTask<Failure?> OwnAsync(Exchange exchange, ProviderTarget target, string model, ChosenCredential chosen)
    {
        var upstream = Services.Providers.ChatUpstreamOf(target);
        Key = CallKey.None;
        if ((chosen.Secret ?? (chosen.Payment == Payment.OwnKey ? ProviderKeys.OwnSecret(Call.Head) : null)) is { } secret)
        {
            var credential = await Services.Keys.OfAsync(target, secret, rest: null, exchange.Cancel);
            if (!credential.IsOk)
                return credential.Failure;
            (Key, Signer) = (credential.Value.Key, credential.Value.Signer);
            if (target.Configured is null && credential.Value.ChatBase is { } chat)
                upstream = Services.Providers.ChatUpstreamAt(target.Row!, chat);
        }
        if (upstream is null)
            return GatewayErrors.Of(FailureKind.InvalidRequest, GatewayErrors.NoProvider, target.Row?.KeyForm == KeyForm.ServiceAccount
                ? $"Model not found: {Asked}. compat needs a service account's JSON with its project_id, sent as base64 or stored: an access token does not say whose project it is for."
                : $"Model not found: {Asked}");
        _name = $"{upstream.Name}/{model}";
        Take(exchange, chosen.Payment, new Route(new Attempt(upstream, model)) { Retries = 0 });
        return null;
    }

    /// <summary>The word before the first slash, and the model's own name; Workers AI's names need no word.</summary>
    private static (string Word, string Model) Split(string asked)
    {
        if (asked.StartsWith("@cf/", StringComparison.Ordinal))
            return ("workers-ai", asked);
        var slash = asked.IndexOf('/', StringComparison.Ordinal);
        return slash <= 0 || slash == asked.Length - 1 ? ("", asked) : (asked[..slash], asked[(slash + 1)..]);
    }
}
