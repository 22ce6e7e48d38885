using Milliways.Api.PassThrough;
using Milliways.Api.Responses;
using Milliways.Credits;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Upstreams;

namespace Milliways.Api;

/// <summary>The routes of xAI's, OpenAI's and Anthropic's APIs.</summary>
internal sealed class ApiRoutes(
    ExchangeRunner runner, KeyGate keys, ModelsEndpoints models, DeferredCompletions deferred, PassThroughFront passThrough,
    StoredResponses stored, ResponseEndpoints responses, BillingDashboard billing)
{
    private static readonly CompletionsFront Completions = new(Flavour.Xai);
    private static readonly CompleteFront Complete = new();
    private static readonly PlainFront ImageGenerations = new(Operation.ImageGenerations, Flavour.Xai, "data");
    private static readonly PlainFront ImageEdits = new(Operation.ImageEdits, Flavour.Xai, "data");
    private readonly ChatFront _chat = new(Flavour.Xai, deferred: deferred);
    private readonly ResponsesFront _responses = new(Flavour.Xai, stored);
    private readonly CountInputFront _countInput = new(Flavour.Xai, stored);
    private static readonly MessagesFront Messages = new();
    private static readonly CountTokensFront CountTokens = new();
    private static readonly PlainFront Embeddings = new(Operation.Embeddings, Flavour.Xai, "data");
    private static readonly PlainFront TokenizeText = new(Operation.TokenizeText, Flavour.Xai, "token_ids");

    public IEnumerable<ApiRoute> All() =>
    [
        new("POST", "/v1/chat/completions", KeyKind.ApiKey, "Chat Completions, whole or streamed", (http, _) => runner.RunAsync(http, _chat)),
        new("POST", "/v1/responses", KeyKind.ApiKey, "OpenAI's Responses, whole or streamed, stored for 30 days", (http, _) => runner.RunAsync(http, _responses)),
        new("POST", "/v1/responses/input_tokens", KeyKind.ApiKey, "Counts the tokens of a Responses request", (http, _) => runner.RunAsync(http, _countInput)),
        ReadOne("/v1/responses/{response_id}", KeyEndpoints.Chat, "A stored response", responses.GetAsync),
        One("DELETE", "/v1/responses/{response_id}", KeyEndpoints.Chat, "Forgets a stored response", responses.DeleteAsync),
        One("POST", "/v1/responses/{response_id}/cancel", KeyEndpoints.Chat, "Cancels a background response", responses.CancelAsync),
        ReadOne("/v1/responses/{response_id}/input_items", KeyEndpoints.Chat, "The items that led to a response", responses.InputItemsAsync),
        ReadOne("/v1/chat/deferred-completion/{request_id}", KeyEndpoints.Chat, "A deferred completion: 202 until it is there, then once", deferred.GetAsync),
        new("POST", "/v1/completions", KeyKind.ApiKey, "OpenAI's legacy completions, whole or streamed", (http, _) => runner.RunAsync(http, Completions)),
        new("POST", "/v1/complete", KeyKind.ApiKey, "Anthropic's legacy completion, whole or streamed", (http, _) => runner.RunAsync(http, Complete)),
        new("POST", "/v1/messages", KeyKind.ApiKey, "Anthropic Messages, whole or streamed", (http, _) => runner.RunAsync(http, Messages)),
        new("POST", "/v1/messages/count_tokens", KeyKind.ApiKey, "Counts the tokens of a Messages request", (http, _) => runner.RunAsync(http, CountTokens)),
        new("POST", "/v1/embeddings", KeyKind.ApiKey, "Embeddings, as floats or base64", (http, _) => runner.RunAsync(http, Embeddings)),
        new("POST", "/v1/tokenize-text", KeyKind.ApiKey, "The tokens of a text", (http, _) => runner.RunAsync(http, TokenizeText)),
        new("POST", "/v1/images/generations", KeyKind.ApiKey, "Images from a text", (http, _) => runner.RunAsync(http, ImageGenerations)),
        new("POST", "/v1/images/edits", KeyKind.ApiKey, "Images from images and a text, as JSON", (http, _) => runner.RunAsync(http, ImageEdits)),
        .. PassThroughRoutes.Rows.Select(row => new ApiRoute(row.Method, row.Path, KeyKind.ApiKey, row.Summary, (http, _) => runner.RunAsync(http, passThrough))),
        .. StatedAnswers.Rows.Select(row => Stated(row.Method, row.Path, row.Summary, row.Reason)),
        Read("/v1/models", KeyEndpoints.Models, "The models that are served, in OpenAI's or, with anthropic-version, in Anthropic's shape", models.ListAsync),
        ReadOne("/v1/models/{model_id}", KeyEndpoints.Models, "One model", models.ByIdAsync),
        Read("/v1/language-models", KeyEndpoints.Models, "Language models with modalities and prices", models.LanguageModelsAsync),
        ReadOne("/v1/language-models/{model_id}", KeyEndpoints.Models, "One language model", models.LanguageModelAsync),
        Read("/v1/embedding-models", KeyEndpoints.Models, "Embedding models", models.EmbeddingModelsAsync),
        ReadOne("/v1/embedding-models/{model_id}", KeyEndpoints.Models, "One embedding model", models.EmbeddingModelAsync),
        Read("/v1/image-generation-models", KeyEndpoints.Models, "Image models", ModelsEndpoints.ImageModelsAsync),
        ReadOne("/v1/image-generation-models/{model_id}", KeyEndpoints.Models, "One image model", ModelsEndpoints.ImageModelAsync),
        Read("/v1/video-generation-models", KeyEndpoints.Models, "Video models", ModelsEndpoints.VideoModelsAsync),
        ReadOne("/v1/video-generation-models/{model_id}", KeyEndpoints.Models, "One video model", ModelsEndpoints.ImageModelAsync),
        new("GET", "/v1/api-key", KeyKind.ApiKey, "Facts about the calling key, also when it is disabled or blocked", (http, _) => AboutKeyAsync(http)),
        Read("/v1/dashboard/billing/subscription", KeyEndpoints.All, "The team's credit as One-API and Chatbox read it", billing.SubscriptionAsync),
        Read("/v1/dashboard/billing/usage", KeyEndpoints.All, "What the team has spent, in cents", billing.UsageAsync),
        Read("/v1/dashboard/billing/credit_grants", KeyEndpoints.All, "The team's grants", billing.CreditGrantsAsync),
    ];

    private ApiRoute Stated(string method, string path, string summary, string reason) =>
        new(method, path, KeyKind.ApiKey, summary, (http, _) => WithKeyAsync(http, path, KeyEndpoints.All, key => StatedAnswers.WriteAsync(http, key, reason)));

    private ApiRoute Read(string path, KeyEndpoints endpoints, string summary, Func<HttpContext, ApiKey, Task> handle) =>
        new("GET", path, KeyKind.ApiKey, summary, (http, _) => WithKeyAsync(http, path, endpoints, key => handle(http, key)));

    private ApiRoute ReadOne(string path, KeyEndpoints endpoints, string summary, Func<HttpContext, ApiKey, string, Task> handle) => One("GET", path, endpoints, summary, handle);

    private ApiRoute One(string method, string path, KeyEndpoints endpoints, string summary, Func<HttpContext, ApiKey, string, Task> handle) =>
        new(method, path, KeyKind.ApiKey, summary, (http, id) => WithKeyAsync(http, path, endpoints, key => handle(http, key, id)));

    private Task WithKeyAsync(HttpContext http, string path, KeyEndpoints endpoints, Func<ApiKey, Task> handle)
    {
        var key = keys.Authenticate(http, endpoints);
        return key.IsOk ? handle(key.Value) : FailureAnswer.WriteAsync(http, Routes.ErrorsFor(http, path), key.Failure);
    }

    private Task AboutKeyAsync(HttpContext http)
    {
        var key = keys.Identify(http);
        return key.IsOk ? ApiKeyEndpoint.HandleAsync(http, key.Value) : FailureAnswer.WriteAsync(http, ErrorWriters.Xai, key.Failure);
    }
}
