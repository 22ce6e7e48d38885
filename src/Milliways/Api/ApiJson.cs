using System.Text.Json.Serialization;
using Milliways.Api.Responses;

namespace Milliways.Api;

/// <summary>The contracts of the small endpoints' answers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TokenCount))]
[JsonSerializable(typeof(DeferredRequest))]
[JsonSerializable(typeof(DeletedResponse))]
[JsonSerializable(typeof(InputItemList))]
[JsonSerializable(typeof(ApiKeyFacts))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ModelItem))]
[JsonSerializable(typeof(MessagesModelList))]
[JsonSerializable(typeof(MessagesModelItem))]
[JsonSerializable(typeof(LanguageModelList))]
[JsonSerializable(typeof(LanguageModelItem))]
[JsonSerializable(typeof(EmbeddingModelList))]
[JsonSerializable(typeof(EmbeddingModelItem))]
[JsonSerializable(typeof(ImageModelList))]
internal sealed partial class ApiJson : JsonSerializerContext;

/// <summary>Anthropic's count_tokens (dialects 2.8).</summary>
internal sealed record TokenCount(long InputTokens);
