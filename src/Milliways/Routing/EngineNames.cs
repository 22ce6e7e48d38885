using Milliways.Dialects.Chat;
using Milliways.Upstreams;

namespace Milliways.Routing;

/// <summary>
/// The engine's process has one model that chats and one that embeds, whatever name it is sent. A name that means the other one, or none, is refused
/// here, so that no answer says that a model made it which did not.
/// </summary>
internal static class EngineNames
{
    /// <summary>The refusal of a route that leads to the engine only, under names that cannot do what is wanted; null for every other one.</summary>
    public static Failure? Refuse(RoutingTable table, Route route, Operation operation)
    {
        var wanted = operation == Operation.Embeddings ? table.EngineEmbeddingModel : table.EngineModel;
        return route.Attempts.All(attempt => attempt.Upstream.IsEngine && attempt.Model != wanted) ? Refuse(table, route.Attempts[0].Model, operation) : null;
    }

    private static Failure Refuse(RoutingTable table, string name, Operation operation)
    {
        if (operation == Operation.Embeddings && name == table.EngineModel)
            return Failure.Invalid($"The model {name} chats and makes no embeddings: send it to /v1/chat/completions{Instead(table.EngineEmbeddingModel)}.", "model");
        if (operation != Operation.Embeddings && name == table.EngineEmbeddingModel)
            return Failure.Invalid($"The model {name} makes embeddings and nothing else: send it to /v1/embeddings{Instead(table.EngineModel)}.", "model");
        return new Failure(FailureKind.ModelNotFound, FailureParty.Client, "route",
            $"The embedded engine has no model {name}: it has {table.EngineModel}{(table.EngineEmbeddingModel is { } embedding ? $" for chat and {embedding} for embeddings" : "")}.")
        {
            Param = "model",
            Code = "model_not_found",
        };
    }

    private static string Instead(string? model) => model is null ? "" : $", or name {model} here";
}
