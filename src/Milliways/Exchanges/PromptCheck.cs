using System.Runtime.CompilerServices;
using Milliways.Catalogue;
using Milliways.Dialects.Chat;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Exchanges;

/// <summary>
/// Before any upstream is called: a prompt that cannot fit into the model's context, and images for a model that cannot see, are refused by what the
/// catalogue knows. What might fit is let through; the upstream counts with the model's own tokenizer.
/// </summary>
internal sealed class PromptCheck(LiveRouting routing, ModelFacts facts)
{
    /// <summary>Every dialect's word for an image in a request has it.</summary>
    private static ReadOnlySpan<byte> ImageMark => "image"u8;

    /// <summary>What is known stays the same as long as the route does; the engine's facts alone change while it runs.</summary>
    private readonly ConditionalWeakTable<Route, CatalogueModel> _known = [];

    /// <summary>Notes what is known of the model, and says why the request cannot be served, or null.</summary>
    public Failure? Refusal(Exchange exchange, string name, Route route)
    {
        if (exchange.Front.Operation != Operation.Chat || exchange.IsPaidElsewhere || route.Attempts is not [var first, ..])
            return null;
        var model = exchange.Model = Facts(name, route, first);
        // The engine counts by itself, with the tokenizer that decides.
        var context = first.Upstream.IsEngine ? null : model.Context;
        var sees = !model.InputsAreKnown || model.Inputs.Contains("image");
        var body = exchange.Body.Span;
        var mayHaveImages = (context is not null || !sees) && body.IndexOf(ImageMark) >= 0;
        var mayBeTooLong = context is { } most && (mayHaveImages || (TokenFloor.MostInBytes(body.Length) > most && TokenFloor.MostInJson(body) > most));
        if (!mayBeTooLong && !(mayHaveImages && !sees))
            return null;
        // What we cannot read is no matter of length: who reads it next says so.
        if (exchange.Front.ReadChat(exchange) is not { IsOk: true, Value: { } chat })
            return null;
        if (!sees && TokenFloor.HasImages(chat))
            return new Failure(FailureKind.InvalidRequest, FailureParty.Client, "context",
                $"The model {name} cannot see images: leave them out, or choose a model whose input_modalities at GET /v1/language-models have \"image\".") { Param = "messages" };
        var tokens = TokenFloor.OfPrompt(chat);
        return context is { } limit && tokens > limit ? Dialects.OpenAiChat.Errors.PromptTooLong(tokens, limit) : null;
    }

    private CatalogueModel Facts(string name, Route route, Attempt first)
    {
        // Several names may lead to one route.
        if (!first.Upstream.IsEngine && _known.TryGetValue(route, out var known) && known.Id == name)
            return known;
        var found = facts.Of(routing.Table, name, first.Upstream, first.Model);
        if (!first.Upstream.IsEngine)
            _known.AddOrUpdate(route, found);
        return found;
    }
}
