using System.Collections.Frozen;
using Google.Protobuf.WellKnownTypes;
using Milliways.Api.Responses;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Exchanges;
using Milliways.Hosting.Configuration;
using Milliways.Keys;
using Milliways.Routing;

namespace Milliways.Api.Grpc;

/// <summary>Every method of xAI's services and what serves it (xai-api 3.4): the walk, or what serves the same over REST.</summary>
internal sealed class GrpcMethods
{
    private readonly FrozenDictionary<string, Func<HttpContext, Task>> _methods;

    public GrpcMethods(
        GrpcConfig config, ExchangeRunner runner, KeyGate keys, GrpcModels models, GrpcConversations conversations, DeferredCompletions deferred, ResponseEndpoints responses, LiveRouting routing, TimeProvider time)
    {
        var small = new GrpcSmallCalls(config, keys, time);
        var whole = new GrpcChatFront(XaiGrpcDialect.Instance, config, conversations, time);
        var streamed = new GrpcChatFront(XaiGrpcDialect.Streamed, config, conversations, time);
        var (sample, sampleStream) = (new GrpcSampleFront(streams: false, config, time), new GrpcSampleFront(streams: true, config, time));
        var search = new GrpcSearchFront(config, routing);
        var (tokenize, embed, image) = (new TokenizeCall(), new EmbedCall(), new ImageCall());
        var compact = new GrpcCompactFront(config, time);
        var later = new GrpcDeferredFront(config, conversations, deferred, time);
        _methods = new Dictionary<string, Func<HttpContext, Task>>
        {
            ["/xai_api.Chat/GetCompletion"] = http => runner.RunAsync(http, whole),
            ["/xai_api.Chat/GetCompletionChunk"] = http => runner.RunAsync(http, streamed),
            ["/xai_api.Chat/StartDeferredCompletion"] = http => runner.RunAsync(http, later),
            ["/xai_api.Chat/GetDeferredCompletion"] = small.Method<GetDeferredRequest, GetDeferredCompletionResponse>(KeyEndpoints.Chat, (_, key, asked) => later.TakeAsync(key, asked.RequestId)),
            ["/xai_api.Chat/GetStoredCompletion"] = small.Method<GetStoredCompletionRequest, GetChatCompletionResponse>(KeyEndpoints.Chat, (_, key, asked) => conversations.FindAsync(key, asked.ResponseId)),
            ["/xai_api.Chat/DeleteStoredCompletion"] = small.Method<DeleteStoredCompletionRequest, DeleteStoredCompletionResponse>(KeyEndpoints.Chat, async (http, key, asked) =>
                await responses.ForgetAsync(http, key, asked.ResponseId) is { } failure ? failure : new DeleteStoredCompletionResponse { ResponseId = asked.ResponseId }),
            ["/xai_api.Chat/CompactContext"] = http => runner.RunAsync(http, compact),
            ["/xai_api.Sample/SampleText"] = http => runner.RunAsync(http, sample),
            ["/xai_api.Sample/SampleTextStreaming"] = http => runner.RunAsync(http, sampleStream),
            ["/xai_api.Tokenize/TokenizeText"] = http => runner.RunAsync(http, new GrpcPlainFront<TokenizeTextRequest>(tokenize, KeyEndpoints.Tokenize, config)),
            ["/xai_api.Embedder/Embed"] = http => runner.RunAsync(http, new GrpcPlainFront<EmbedRequest>(embed, KeyEndpoints.Embed, config)),
            ["/xai_api.Image/GenerateImage"] = http => runner.RunAsync(http, new GrpcPlainFront<GenerateImageRequest>(image, KeyEndpoints.Image, config)),
            ["/xai_api.Documents/Search"] = http => runner.RunAsync(http, search),
            ["/xai_api.Auth/get_api_key_info"] = small.AboutKeyAsync,
            ["/xai_api.Models/ListLanguageModels"] = small.Method<Empty, ListLanguageModelsResponse>(KeyEndpoints.Models, (_, key, _) => new(models.Languages(key))),
            ["/xai_api.Models/ListEmbeddingModels"] = small.Method<Empty, ListEmbeddingModelsResponse>(KeyEndpoints.Models, (_, key, _) => new(models.Embeddings(key))),
            ["/xai_api.Models/ListImageGenerationModels"] = small.Method<Empty, ListImageGenerationModelsResponse>(KeyEndpoints.Models, (_, _, _) => new(new ListImageGenerationModelsResponse())),
            ["/xai_api.Models/GetLanguageModel"] = small.Method<GetModelRequest, LanguageModel>(KeyEndpoints.Models, (_, key, asked) => new(models.Language(key, asked.Name))),
            ["/xai_api.Models/GetEmbeddingModel"] = small.Method<GetModelRequest, EmbeddingModel>(KeyEndpoints.Models, (_, key, asked) => new(models.Embedding(key, asked.Name))),
            ["/xai_api.Models/GetImageGenerationModel"] = small.Method<GetModelRequest, ImageGenerationModel>(KeyEndpoints.Models, (_, key, asked) => new(GrpcModels.Image(key, asked.Name))),
        }.ToFrozenDictionary();
    }

    public Func<HttpContext, Task>? Find(string path) => _methods.GetValueOrDefault(path);

    public IEnumerable<string> Paths => _methods.Keys;

    /// <summary>The services of which at least one method is served.</summary>
    public IEnumerable<string> Services => _methods.Keys.Select(path => path.Split('/')[1]).Distinct();

    /// <summary>Why a path is not served.</summary>
    public static Failure Unknown(string path)
    {
        var service = path.Split('/') is ["", var name, _] ? name : "";
        return new Failure(FailureKind.NotOffered, FailureParty.Client, "route", service switch
        {
            "xai_api.Files" => "Files are not served over gRPC here: use /v1/files of the REST API, which passes them to xAI.",
            "xai_api.BatchMgmt" => "Batches are not served over gRPC here: use /v1/batches of the REST API, which passes them to xAI.",
            "xai_api.Video" => "Videos are not served over gRPC here: use /v1/videos of the REST API, which passes them to xAI.",
            "collections.Collections" => "Collections are not served here: manage them at xAI's management-api.x.ai; xai_api.Documents/Search searches them.",
            _ => $"The method {path} is not known here; docs/grpc.md lists what is.",
        });
    }
}
