using System.Globalization;
using Milliways.Catalogue;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Routing;

namespace Milliways.Api;

/// <summary>
/// GET /v1/models, /v1/language-models and their kin (xai-api 1.10). <c>anthropic-version</c> on /v1/models selects Anthropic's list, because both SDK
/// families use the same path (contract).
/// </summary>
internal sealed class ModelsEndpoints(ModelDirectory directory, ModelAccess access, TimeProvider time)
{
    private const int DefaultPage = 20;
    private const int LargestPage = 1000;

    public static bool IsAnthropic(HttpContext http) => http.Request.Headers.ContainsKey("anthropic-version");

    public Task ListAsync(HttpContext http, ApiKey key)
    {
        var all = Of(key);
        return IsAnthropic(http)
            ? ListPageAsync(http, [.. all.Where(model => !model.Model.IsEmbedding)])
            : JsonAnswer.WriteAsync(http, new ModelList([.. all.Select(ModelItem.Of)]), ApiJson.Default.ModelList);
    }

    public Task ByIdAsync(HttpContext http, ApiKey key, string id)
    {
        var model = Find(key, id);
        if (model is null)
            return FailureAnswer.WriteAsync(http, IsAnthropic(http) ? ErrorWriters.Anthropic : Errors(key), UnknownModel.Failure(id, key.Team));
        return IsAnthropic(http)
            ? JsonAnswer.WriteAsync(http, MessagesModelItem.Of(model), ApiJson.Default.MessagesModelItem)
            : JsonAnswer.WriteAsync(http, ModelItem.Of(model), ApiJson.Default.ModelItem);
    }

    public Task LanguageModelsAsync(HttpContext http, ApiKey key) =>
        JsonAnswer.WriteAsync(http, new LanguageModelList([.. Of(key).Where(model => !model.Model.IsEmbedding).Select(model => LanguageModelItem.Of(model, time.GetUtcNow()))]), ApiJson.Default.LanguageModelList);

    public Task LanguageModelAsync(HttpContext http, ApiKey key, string id) =>
        Find(key, id) is { Model.IsEmbedding: false } model
            ? JsonAnswer.WriteAsync(http, LanguageModelItem.Of(model, time.GetUtcNow()), ApiJson.Default.LanguageModelItem)
            : FailureAnswer.WriteAsync(http, Errors(key), UnknownModel.Failure(id, key.Team));

    public Task EmbeddingModelsAsync(HttpContext http, ApiKey key) =>
        JsonAnswer.WriteAsync(http, new EmbeddingModelList([.. Of(key).Where(model => model.Model.IsEmbedding).Select(model => EmbeddingModelItem.Of(model, time.GetUtcNow()))]), ApiJson.Default.EmbeddingModelList);

    public Task EmbeddingModelAsync(HttpContext http, ApiKey key, string id) =>
        Find(key, id) is { Model.IsEmbedding: true } model
            ? JsonAnswer.WriteAsync(http, EmbeddingModelItem.Of(model, time.GetUtcNow()), ApiJson.Default.EmbeddingModelItem)
            : FailureAnswer.WriteAsync(http, Errors(key), UnknownModel.Failure(id, key.Team));

    /// <summary>Nothing here makes images, which an empty list says truthfully.</summary>
    public static Task ImageModelsAsync(HttpContext http, ApiKey key) => JsonAnswer.WriteAsync(http, new ImageModelList([]), ApiJson.Default.ImageModelList);

    /// <summary>Nor videos: those that are passed through are xAI's own, and its list is what it sells there.</summary>
    public static Task VideoModelsAsync(HttpContext http, ApiKey key) => ImageModelsAsync(http, key);

    public static Task ImageModelAsync(HttpContext http, ApiKey key, string id) => FailureAnswer.WriteAsync(http, Errors(key), UnknownModel.Failure(id, key.Team));

    /// <summary>Lists show what the key's ACLs allow (xai-api 1.10).</summary>
    public IEnumerable<ServedModel> Of(ApiKey key) => key.Acls.AllModels ? directory.All() : directory.All().Where(model => access.Allows(key, model.Model.Id));

    /// <summary>What it may not call does not exist for it.</summary>
    public ServedModel? Find(ApiKey key, string id) => access.Allows(key, id) ? directory.Find(id) : null;

    private static IErrorWriter Errors(ApiKey key) => ErrorWriters.Of(key.Flavour ?? Flavour.Xai);

    /// <summary>Anthropic's cursor paging: limit 1 to 1000, after_id, before_id (dialects 2.9).</summary>
    private static Task ListPageAsync(HttpContext http, List<ServedModel> all)
    {
        var query = http.Request.Query;
        var limit = DefaultPage;
        if (query["limit"] is [{ } text] && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > LargestPage))
            return FailureAnswer.WriteAsync(http, ErrorWriters.Anthropic, Failure.Invalid("limit: must be a whole number from 1 to 1000", "limit"));
        var from = query["after_id"] is [{ } after] ? all.FindIndex(model => model.Model.Id == after) + 1 : 0;
        var to = query["before_id"] is [{ } before] && all.FindIndex(model => model.Model.Id == before) is >= 0 and var at ? at : all.Count;
        var backwards = query.ContainsKey("before_id");
        if (backwards)
            from = Math.Max(from, to - limit);
        var page = all.Skip(from).Take(Math.Min(limit, to - from)).Select(MessagesModelItem.Of).ToArray();
        return JsonAnswer.WriteAsync(http, new MessagesModelList(page, backwards ? from > 0 : from + page.Length < to, page.FirstOrDefault()?.Id, page.LastOrDefault()?.Id), ApiJson.Default.MessagesModelList);
    }
}
