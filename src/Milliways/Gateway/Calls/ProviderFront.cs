using Milliways.Api;
using Milliways.Api.PassThrough;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Gateway.Providers;
using Milliways.Keys;
using Milliways.Routing;
using Milliways.Teams;
using Milliways.Upstreams;
using Milliways.Upstreams.Connections;

namespace Milliways.Gateway.Calls;

/// <summary>
/// A provider's own paths (cloudflare 1.3): method, path, query, head and body go on as they are, and the answer comes back as it is. Only what the operator's
/// upstream does not speak, and Responses on the operator's account, which are kept here, take the way of the inference API.
/// </summary>
internal class ProviderFront(GatewayCall call, string slug, string rest, CallKind kind, GatewayServices services)
    : GatewayFront(call, kind, services, services.Front(kind, slug == ModelPrefix.Grok ? Flavour.Xai : Flavour.OpenAi, new ModelPrefix.Provider(services.Routing, slug)))
{
    private const int LongestLabel = 64;

    private string _name = "";
    private Uri? _address;
    private byte[]? _answer;
    private CallKey? _key;
    private IReadOnlyList<(string Name, string Value)> _more = [];

    /// <summary>Nobody here knows what a call costs.</summary>
    public bool IsUnmetered { get; private set; } = kind == CallKind.Other;

    public bool IsFree { get; } = CallKinds.IsFree(call.Method, rest);

    protected override string Remedy => slug == ModelPrefix.Grok && Services.Routing.Table.Upstreams.ForProvider(slug) is null ? NoXai : "";

    public override KeyEndpoints EndpointsOf(HttpContext http) =>
        Kind != CallKind.Other ? base.EndpointsOf(http)
        : IsFree ? KeyEndpoints.Models | KeyEndpoints.Chat
        : rest.Contains("images", StringComparison.Ordinal) || rest.Contains("videos", StringComparison.Ordinal) ? KeyEndpoints.Image
        : KeyEndpoints.Chat;

    public override string RouteName(RequestFacts facts) => _name;

    public override Reading<byte[]>? AnswerLocally(Exchange exchange, Attempt attempt) => _answer is { } here ? (Reading<byte[]>)here : base.AnswerLocally(exchange, attempt);

    public override Uri? AddressAt(Exchange exchange, Attempt attempt) => IsRaw ? _address : base.AddressAt(exchange, attempt);

    public override Reading<PreparedCall> Prepare(Exchange exchange, Attempt attempt)
    {
        if (!IsRaw)
            return base.Prepare(exchange, attempt);
        var head = RawHead.Of(Call.Head, _key, _more, isOperators: Call.Payment == Payment.Credits);
        if (slug == "aws-bedrock" && rest.StartsWith("bedrock-mantle/", StringComparison.Ordinal))
            Mantle(head);
        var asksUsage = AsksUsage(exchange, attempt);
        return new PreparedCall(Body(exchange, attempt, asksUsage), new RawRelay(exchange, Observer(exchange, asksUsage), Whole(exchange), isArray: Kind == CallKind.Gemini))
        {
            Method = new HttpMethod(Call.Method),
            Content = IsUnmetered && Call.Body is null && exchange.Body.IsEmpty && HasBody(exchange.Http.Request) ? new UploadContent(exchange)
                : Call.Method != "POST" && !exchange.Body.IsEmpty ? new BodyContent(exchange.Body)
                : null,
            Headers = head,
            Signer = Signer,
            IsRaw = true,
        };
    }

    protected override async ValueTask<Failure?> DecideAsync(Exchange exchange)
    {
        Call.Provider = slug;
        if (Services.Providers.Find(Call.Path.Account, slug) is not { } target)
            return GatewayErrors.UnknownProvider;
        var chosen = Services.Credentials.Choose(Call, target);
        if (!chosen.IsOk)
            return chosen.Failure;
        if (slug == ModelPrefix.Grok && IsFree && Call.Method != "POST" && target.Configured is null && chosen.Value.Payment == Payment.Keyless)
            return TellModels(exchange);
        // Only Google's own dialect has these paths; elsewhere nobody knows what they are.
        IsUnmetered |= Kind == CallKind.Gemini && target.Configured is { Dialect: not UpstreamDialect.Google };
        exchange.Secrets.Add(chosen.Value.Secret);
        if (IsUnmetered)
            return Unread(exchange) ?? await PassUnmeteredAsync(exchange, target, chosen.Value);
        // What nobody here can read is the provider's to judge, when it is the caller who pays it.
        var isPaid = chosen.Value.Payment is Payment.OwnKey or Payment.StoredKey && exchange.Key!.Acls.AllModels;
        if (await ReadBodyAsync(exchange) is { } unread)
            return isPaid && unread.Kind == FailureKind.UnsupportedMediaType ? await PassUnmeteredAsync(exchange, target, chosen.Value) : unread;
        if ((Kind == CallKind.Gemini ? ScanGemini(exchange) : Scan(exchange)) is { } wrong)
            return isPaid ? await PassUnmeteredAsync(exchange, target, chosen.Value) : wrong;
        Asked = exchange.Facts.Model;
        if (chosen.Value.Payment == Payment.Credits && exchange.Facts.NamesKept)
            return Failure.Invalid("cachedContent and fileData name what is kept in the account of this server's operator, which all teams share: send the content itself as inlineData, or a Google key of your own.", "contents");
        if (chosen.Value.Payment is Payment.Credits or Payment.Keyless && IsRouted(target, exchange.Key!.Team))
            return await RouteAsync(exchange);
        return (chosen.Value.Payment == Payment.Credits ? await CheckFilesAsync(exchange, [target.Configured!], asBytes: true) : null) ?? await PassAsync(exchange, target, chosen.Value);
    }

    /// <summary>Without a key and an upstream of xAI's the stand-in answers to its names, and the list is of who answers.</summary>
    private Failure? TellModels(Exchange exchange)
    {
        Asked = rest[(rest.LastIndexOf('/') + 1)..];
        _answer = Services.Grok.Write(exchange.Key!, rest);
        _name = "models";
        IsUnmetered = false;
        Take(exchange, Payment.None, Nowhere.Route(_name));
        return _answer is null ? UnknownModel.Failure(Asked, exchange.Key!.Team) : null;
    }

    private ValueTask<Failure?> PassUnmeteredAsync(Exchange exchange, ProviderTarget target, ChosenCredential chosen)
    {
        IsUnmetered = true;
        exchange.Facts = RequestFacts.None with { Stream = true };
        return PassAsync(exchange, target, chosen);
    }

    /// <summary>Bytes go to the provider.</summary>
    private async ValueTask<Failure?> PassAsync(Exchange exchange, ProviderTarget target, ChosenCredential chosen)
    {
        IsRaw = true;
        var upstream = Services.Providers.UpstreamOf(target);
        if (slug == "fal" && FalTarget.Of(Call.Head) is { } named)
        {
            if (!named.IsOk)
                return named.Failure;
            (_address, upstream) = (named.Value, Services.Providers.Named(slug, UpstreamAddress.Parse(named.Value.GetLeftPart(UriPartial.Authority))));
        }
        else
        {
            var address = Services.Providers.AddressOf(target, rest);
            if (!address.IsOk)
                return address.Failure;
            _address = UpstreamAddress.Parse(address.Value.Base).At(address.Value.Path + Query(target));
        }
        if ((chosen.Secret ?? (chosen.Payment == Payment.OwnKey ? CallCredentials.OwnAccount(Call, target) : null)) is { } stored)
        {
            var credential = await Services.Keys.OfAsync(target, stored, rest, exchange.Cancel);
            if (!credential.IsOk)
                return credential.Failure;
            (_key, Signer) = (credential.Value.Key, credential.Value.Signer);
            // What is signed must be known as a whole before the first byte is sent.
            if (Signer is not null && IsUnmetered && exchange.Body.IsEmpty && HasBody(exchange.Http.Request) && await ReadBodyAsync(exchange) is { } unread)
                return unread;
        }
        else if (chosen.Payment == Payment.Credits)
            (_key, _more) = (upstream.ApiKey is { } secret ? ProviderKeys.HeaderOf(target, secret) : CallKey.None, upstream.Headers);
        var model = Asked.Length > 0 ? Asked : Label();
        _name = $"{upstream.Name}/{model}";
        Take(exchange, chosen.Payment, new Route(new Attempt(upstream, model)) { Retries = 0 });
        return null;
    }

    /// <summary>The operator's upstreams serve it by the way of the inference API.</summary>
    private async ValueTask<Failure?> RouteAsync(Exchange exchange)
    {
        _name = Dialect!.RouteName(exchange.Facts);
        var route = Routed(_name, exchange.Key!.Team);
        Take(exchange, Payment.Credits, route);
        if (!route.IsOk)
            return route.Failure.Kind == FailureKind.ModelNotFound ? null : route.Failure;
        return await CheckFilesAsync(exchange, route.Value.Attempts.Select(attempt => attempt.Upstream));
    }

    /// <summary>True for what the operator's upstream does not take as it is, and for names that the operator has given a meaning of their own.</summary>
    private bool IsRouted(ProviderTarget target, Team team)
    {
        var table = Services.Routing.Table;
        if (target.Custom is not null || Kind == CallKind.Gemini)
            return false;
        if (target.Configured is not { } upstream)
            return slug == ModelPrefix.Grok || Services.Routing.Router.Resolve(Asked, Operation, team, onlyNamed: true).IsOk;
        return upstream.IsEngine || Kind == CallKind.Responses || !Speaks(upstream) || (slug == ModelPrefix.Grok && table.Models.ContainsKey(Asked));
    }

    private Failure? ScanGemini(Exchange exchange)
    {
        var (model, stream) = GeminiRequest.Of(rest.TrimEnd('/'))!.Value;
        var facts = GeminiRequest.Read(exchange.Body.Span, model, stream);
        if (facts.IsOk)
            exchange.Facts = facts.Value;
        return facts.Failure;
    }

    private bool Speaks(Upstream upstream) => Kind == CallKind.Messages
        ? upstream.Dialect == UpstreamDialect.Anthropic || upstream.IsXai
        : upstream.Dialect == UpstreamDialect.OpenAiChat;

    /// <summary>A key for certain models only may not send what nobody looks into.</summary>
    private Failure? Unread(Exchange exchange) => exchange.Key!.Acls.AllModels || IsFree ? null : new Failure(FailureKind.Forbidden, FailureParty.Client, "acl",
        $"This API key is for certain models only, and this call is not looked into: use a key with the ACL {KeyAcls.ModelPrefix}*.");

    private string Query(ProviderTarget target) => target.Configured?.Address.Query is { Length: > 0 } own
        ? Call.Query.Length > 1 ? $"{own}&{Call.Query[1..]}" : own
        : Call.Query;

    /// <summary>What an unmetered call is called in headers and logs.</summary>
    private string Label()
    {
        var path = rest.StartsWith("v1/", StringComparison.Ordinal) ? rest[3..] : rest;
        var first = path.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? path[..slash] : path;
        return first.Length is > 0 and <= LongestLabel ? first : "-";
    }

    /// <summary>Whoever is charged for a stream needs its usage; the caller who did not ask for it does not see it (docs/edits.md).</summary>
    private static bool AsksUsage(Exchange exchange, Attempt attempt) =>
        exchange.Bill is not null && exchange.Facts is { Stream: true, IncludeUsage: false } && attempt.Upstream.Traits.StreamOptions && exchange.Facts.HasMessages
        && exchange.Front is ProviderFront { Kind: CallKind.Chat };

    private ReadOnlyMemory<byte> Body(Exchange exchange, Attempt attempt, bool asksUsage)
    {
        if (IsUnmetered || (!asksUsage && exchange.OutputClamp is null))
            return exchange.Body;
        if (Kind == CallKind.Gemini)
            return GeminiRequest.Clamp(exchange.Body, exchange.Facts, exchange.OutputClamp!.Value);
        BodyEdit.OutputClamp? clamp = exchange.OutputClamp is { } most ? new(most, Kind == CallKind.Chat && attempt.Upstream.Traits.MaxCompletionTokens ? "max_completion_tokens" : "max_tokens") : null;
        return BodyEdit.Apply(exchange.Body, exchange.Facts, exchange.Facts.Model, asksUsage, clamp);
    }

    private IStreamObserver? Observer(Exchange exchange, bool asksUsage) => IsUnmetered ? null : Kind switch
    {
        CallKind.Chat => new ChatStreamObserver(stripUsage: asksUsage, exchange.Facts.N),
        CallKind.Responses => new ResponsesStreamObserver(),
        CallKind.Messages => new MessagesStreamObserver(),
        CallKind.Gemini when exchange.Facts.Stream => new GeminiStreamObserver(),
        _ => null,
    };

    private WholeMeter? Whole(Exchange exchange) => IsUnmetered ? null : Kind switch
    {
        CallKind.Chat => new WholeMeter("choices", WholeUsage.OfChat, TextBytes.OfChat),
        CallKind.Responses => new WholeMeter("output", WholeUsage.OfResponses, TextBytes.OfResponse),
        CallKind.Messages => new WholeMeter("content", WholeUsage.OfMessages, TextBytes.OfMessages),
        CallKind.Gemini when exchange.Facts.Stream => null,
        CallKind.Gemini => new WholeMeter("candidates", WholeUsage.OfGemini, TextBytes.OfGemini) { Otherwise = "promptFeedback", UsageMember = "usageMetadata" },
        _ => new WholeMeter("data", WholeUsage.OfChat, Text: null),
    };

    private static bool HasBody(HttpRequest request) => request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0;

    /// <summary>Bedrock's Mantle takes the Bedrock key as Anthropic takes its own (cloudflare 1.3).</summary>
    private static void Mantle(List<(string Name, string Value)> head)
    {
        for (var i = 0; i < head.Count; i++)
            if (head[i].Name.Equals("Authorization", StringComparison.OrdinalIgnoreCase) && head[i].Value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
                head[i] = ("x-api-key", head[i].Value["Bearer ".Length..].Trim());
    }
}
