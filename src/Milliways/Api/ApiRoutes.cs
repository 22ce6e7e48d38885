using Milliways.Credits;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Upstreams;

namespace Milliways.Api;

/// <summary>The routes of xAI's, OpenAI's and Anthropic's APIs.</summary>
internal sealed class ApiRoutes(ExchangeRunner runner, KeyGate keys, ModelsEndpoints models)
{
    private static readonly ChatFront Chat = new(Flavour.Xai);
    private static readonly ResponsesFront Responses = new(Flavour.Xai);
    private static readonly MessagesFront Messages = new();
    private static readonly CountTokensFront CountTokens = new();
    private static readonly PlainFront Embeddings = new(Operation.Embeddings, Flavour.Xai, "data");
    private static readonly PlainFront TokenizeText = new(Operation.TokenizeText, Flavour.Xai, "token_ids");

    public IEnumerable<ApiRoute> All() =>
    [
        new("POST", "/v1/chat/completions", KeyKind.ApiKey, "Chat Completions, whole or streamed", (http, _) => runner.RunAsync(http, Chat)),
        new("POST", "/v1/responses", KeyKind.ApiKey, "OpenAI's Responses, whole or streamed", (http, _) => runner.RunAsync(http, Responses)),
        new("POST", "/v1/messages", KeyKind.ApiKey, "Anthropic Messages, whole or streamed", (http, _) => runner.RunAsync(http, Messages)),
        new("POST", "/v1/messages/count_tokens", KeyKind.ApiKey, "Counts the tokens of a Messages request", (http, _) => runner.RunAsync(http, CountTokens)),
        new("POST", "/v1/embeddings", KeyKind.ApiKey, "Embeddings, as floats or base64", (http, _) => runner.RunAsync(http, Embeddings)),
        new("POST", "/v1/tokenize-text", KeyKind.ApiKey, "The tokens of a text", (http, _) => runner.RunAsync(http, TokenizeText)),
        Read("/v1/models", "The models that are served, in OpenAI's or, with anthropic-version, in Anthropic's shape", models.ListAsync),
        ReadOne("/v1/models/{model_id}", "One model", models.ByIdAsync),
        Read("/v1/language-models", "Language models with modalities and prices", models.LanguageModelsAsync),
        ReadOne("/v1/language-models/{model_id}", "One language model", models.LanguageModelAsync),
        Read("/v1/embedding-models", "Embedding models", models.EmbeddingModelsAsync),
        ReadOne("/v1/embedding-models/{model_id}", "One embedding model", models.EmbeddingModelAsync),
        Read("/v1/image-generation-models", "Image models", ModelsEndpoints.ImageModelsAsync),
        ReadOne("/v1/image-generation-models/{model_id}", "One image model", ModelsEndpoints.ImageModelAsync),
        Read("/v1/api-key", "Facts about the calling key", ApiKeyEndpoint.HandleAsync),
        Read("/v1/dashboard/billing/subscription", "The team's credit as One-API and Chatbox read it", BillingDashboard.SubscriptionAsync),
        Read("/v1/dashboard/billing/usage", "What the team has spent, in cents", BillingDashboard.UsageAsync),
        Read("/v1/dashboard/billing/credit_grants", "The team's grants", BillingDashboard.CreditGrantsAsync),
    ];

    private ApiRoute Read(string path, string summary, Func<HttpContext, ApiKey, Task> handle) =>
        new("GET", path, KeyKind.ApiKey, summary, (http, _) => WithKeyAsync(http, path, key => handle(http, key)));

    private ApiRoute ReadOne(string path, string summary, Func<HttpContext, ApiKey, string, Task> handle) =>
        new("GET", path, KeyKind.ApiKey, summary, (http, id) => WithKeyAsync(http, path, key => handle(http, key, id)));

    private Task WithKeyAsync(HttpContext http, string path, Func<ApiKey, Task> handle)
    {
        var key = keys.Authenticate(http);
        return key.IsOk ? handle(key.Value) : FailureAnswer.WriteAsync(http, Routes.ErrorsFor(http, path), key.Failure);
    }
}
