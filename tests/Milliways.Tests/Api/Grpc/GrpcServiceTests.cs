using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Keys;
using Milliways.Teams;
using Milliways.Tests.Support;
using ApiKey = Milliways.Dialects.XaiGrpc.Protos.ApiKey;

namespace Milliways.Tests.Api.Grpc;

/// <summary>The services beside chat, each by its wire form (xai-api 3.3, 3.4).</summary>
public class GrpcServiceTests
{
    private static string Lab(FakeUpstream lab, string more = "") => $$"""{ "upstreams": { "lab": {{TestServer.Lab(lab, more)}} } }""";

    [Fact]
    public async Task Models_are_those_of_the_REST_lists_with_the_same_prices()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync(Lab(lab, """, "flavour": "xai", "prices": { "alpha": { "input": "5", "cachedInput": "2.5", "output": "15" } } """));
        using var client = new GrpcClient(server);

        var all = await client.CallAsync<Empty, ListLanguageModelsResponse>("/xai_api.Models/ListLanguageModels", new());
        var one = await client.CallAsync<GetModelRequest, LanguageModel>("/xai_api.Models/GetLanguageModel", new() { Name = "alpha" });
        var rest = (await server.GetAsync("/v1/language-models/alpha")).Json;

        Assert.Contains(all.Message.Models, model => model.Equals(one.Message));
        Assert.Equal(("alpha", 50000, 25000, 150000), (one.Message.Name, one.Message.PromptTextTokenPrice, one.Message.CachedPromptTokenPrice, one.Message.CompletionTextTokenPrice));
        Assert.Equal((rest.GetProperty("prompt_text_token_price").GetInt64(), rest.GetProperty("fingerprint").GetString(), rest.GetProperty("created").GetInt64()),
            (one.Message.PromptTextTokenPrice, one.Message.SystemFingerprint, one.Message.Created.Seconds));
        Assert.Equal([Modality.Text], one.Message.InputModalities);
        Assert.Equal(StatusCode.OK, (await client.CallAsync<Empty, ListEmbeddingModelsResponse>("/xai_api.Models/ListEmbeddingModels", new())).Code);
        Assert.Empty((await client.CallAsync<Empty, ListImageGenerationModelsResponse>("/xai_api.Models/ListImageGenerationModels", new())).Message.Models);
    }

    [Theory]
    [InlineData("GetLanguageModel", "no-such-model", StatusCode.NotFound)]
    [InlineData("GetEmbeddingModel", "alpha", StatusCode.NotFound)]
    [InlineData("GetImageGenerationModel", "alpha", StatusCode.NotFound)]
    [InlineData("GetLanguageModel", "", StatusCode.InvalidArgument)]
    public async Task A_model_that_is_not_of_the_kind_is_not_found(string method, string name, StatusCode code)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);
        Assert.Equal(code, (await client.CallAsync<GetModelRequest, Empty>("/xai_api.Models/" + method, new() { Name = name })).Code);
    }

    [Fact]
    public async Task The_facts_of_a_key_are_told_even_when_it_is_disabled()
    {
        await using var server = await TestServer.StartAsync();
        using var client = new GrpcClient(server);
        var rest = (await server.GetAsync("/v1/api-key")).Json;

        var told = await client.CallAsync<Empty, ApiKey>("/xai_api.Auth/get_api_key_info", new());

        Assert.Equal((rest.GetProperty("api_key_id").GetString(), rest.GetProperty("team_id").GetString(), rest.GetProperty("redacted_api_key").GetString()),
            (told.Message.ApiKeyId, told.Message.TeamId, told.Message.RedactedApiKey));
        Assert.Equal(rest.GetProperty("acls").EnumerateArray().Select(acl => acl.GetString()), told.Message.Acls);
        Assert.False(told.Message.Disabled);
        var other = server.Service<KeyCommands>().Create(OperatorActor.Instance, null, new KeySettings("off") { Disabled = true });
        var disabled = await client.CallAsync<Empty, ApiKey>("/xai_api.Auth/get_api_key_info", new(), [("authorization", "Bearer " + other.Text)]);
        Assert.True(disabled.Message.Disabled);
        Assert.Equal(StatusCode.PermissionDenied, (await client.CompleteAsync(GrpcClient.Ask(), ("authorization", "Bearer " + other.Text))).Code);
    }

    [Fact]
    public async Task Tokens_are_those_of_the_upstream_and_their_bytes_join_to_the_text()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync("""{"token_ids":[{"token_id":7,"string_token":"Gr","token_bytes":[71,114]},{"token_id":9,"string_token":"ü","token_bytes":[195,188]}]}"""));
        await using var server = await TestServer.StartAsync(Lab(lab, """, "flavour": "xai" """));
        using var client = new GrpcClient(server);

        var tokens = await client.CallAsync<TokenizeTextRequest, TokenizeTextResponse>("/xai_api.Tokenize/TokenizeText", new() { Text = "Grü", Model = "alpha", User = "u" });

        Assert.Equal("Grü", System.Text.Encoding.UTF8.GetString([.. tokens.Message.Tokens.SelectMany(token => token.TokenBytes)]));
        Assert.Equal([7u, 9u], tokens.Message.Tokens.Select(token => token.TokenId));
        Assert.Equal("alpha", tokens.Message.Model);
        Assert.Equal(("""{"text":"Grü","model":"alpha","user":"u"}""", "/v1/tokenize-text"), (lab.Last.Text, lab.Last.Target));
    }

    [Theory]
    [InlineData("[0.5,-2]", EmbedEncodingFormat.FormatFloat, "float")]
    [InlineData("\"AAAAPwAAAMA=\"", EmbedEncodingFormat.FormatBase64, "base64")]
    [InlineData("\"AAAAPwAAAMA=\"", EmbedEncodingFormat.FormatInvalid, "float")]
    [InlineData("[0.5,-2]", EmbedEncodingFormat.FormatBase64, "base64")]
    public async Task Embeddings_come_in_the_encoding_that_was_asked_for(string vector, EmbedEncodingFormat format, string asked)
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync($$$"""{"object":"list","model":"e-1","data":[{"object":"embedding","index":0,"embedding":{{{vector}}}}],"usage":{"prompt_tokens":2,"total_tokens":2}}"""));
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);
        var request = new EmbedRequest { Model = "alpha", EncodingFormat = format };
        request.Input.Add(new EmbedInput { String = "a" });

        var answer = await client.CallAsync<EmbedRequest, EmbedResponse>("/xai_api.Embedder/Embed", request);

        var vectors = Assert.Single(answer.Message.Embeddings).Embeddings[0];
        if (format == EmbedEncodingFormat.FormatBase64)
            Assert.Equal("AAAAPwAAAMA=", vectors.Base64Array);
        else
            Assert.Equal([0.5f, -2f], vectors.FloatArray);
        Assert.Equal(("e-1", 1), (answer.Message.Model, answer.Message.Usage.NumTextEmbeddings));
        Assert.Equal($$"""{"model":"alpha","input":["a"],"encoding_format":"{{asked}}"}""", lab.Last.Text);
    }

    [Fact]
    public async Task An_image_that_shall_be_embedded_is_refused_by_its_place()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);
        var request = new EmbedRequest { Model = "alpha" };
        request.Input.Add(new EmbedInput { String = "a" });
        request.Input.Add(new EmbedInput { ImageUrl = new ImageUrlContent { ImageUrl = "https://example.org/a.png" } });

        var refused = await client.CallAsync<EmbedRequest, EmbedResponse>("/xai_api.Embedder/Embed", request);

        Assert.Equal(StatusCode.InvalidArgument, refused.Code);
        Assert.Contains("input[1]", refused.Detail, StringComparison.Ordinal);
        Assert.Empty(lab.Received);
    }

    [Fact]
    public async Task An_image_in_base64_is_a_data_URL_and_a_URL_stays_one()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync("""{"data":[{"b64_json":"iVBORw0KGgo="},{"url":"https://example.org/b.jpg"},{"respect_moderation":false}],"usage":{"prompt_tokens":1,"total_tokens":1}}"""));
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);

        var answer = await client.CallAsync<GenerateImageRequest, ImageResponse>("/xai_api.Image/GenerateImage",
            new() { Model = "alpha", Prompt = "a cat", N = 3, Format = ImageFormat.ImgFormatBase64, AspectRatio = ImageAspectRatio.ImgAspectRatio169, Resolution = ImageResolution.ImgResolution1K });

        Assert.Equal(("data:image/png;base64,iVBORw0KGgo=", "https://example.org/b.jpg", false), (answer.Message.Images[0].Base64, answer.Message.Images[1].Url, answer.Message.Images[2].RespectModeration));
        Assert.Equal(("/v1/images/generations", """{"model":"alpha","prompt":"a cat","n":3,"response_format":"b64_json","aspect_ratio":"16:9","resolution":"1k"}"""), (lab.Last.Target, lab.Last.Text));
    }

    [Fact]
    public async Task An_image_that_comes_with_the_request_is_edited()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync("""{"data":[{"url":"https://example.org/b.jpg"}]}"""));
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);

        var answer = await client.CallAsync<GenerateImageRequest, ImageResponse>("/xai_api.Image/GenerateImage",
            new() { Model = "alpha", Prompt = "a hat", Image = new ImageUrlContent { ImageUrl = "https://example.org/a.png" } });

        Assert.Equal((StatusCode.OK, "/v1/images/edits"), (answer.Code, lab.Last.Target));
        Assert.Contains("""image":{"url":"https://example.org/a.png"}""", lab.Last.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_200_that_is_no_answer_is_no_answer_here_either()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync("""{"token_ids":[{"token_id":"seven"}]}"""));
        await using var server = await TestServer.StartAsync(Lab(lab, """, "flavour": "xai" """));
        using var client = new GrpcClient(server);
        var broken = await client.CallAsync<TokenizeTextRequest, TokenizeTextResponse>("/xai_api.Tokenize/TokenizeText", new() { Text = "a", Model = "alpha" });
        Assert.Equal((StatusCode.Unavailable, "upstream, body"), (broken.Code, broken.Meta("x-milliways-failed")));
    }

    [Fact]
    public async Task A_raw_sample_is_a_text_and_its_stream_the_same_text()
    {
        await using var lab = new FakeUpstream(turn => turn.Request.Text.Contains("\"stream\":true", StringComparison.Ordinal) ? turn.StreamAsync(Answers.ChatStream) : turn.WholeAsync(Answers.Chat));
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);
        var request = new SampleTextRequest { Model = "alpha", MaxTokens = 5 };
        request.Prompt.Add("Once");

        var whole = await client.CallAsync<SampleTextRequest, SampleTextResponse>("/xai_api.Sample/SampleText", request);
        var pieces = await client.CallAsync<SampleTextRequest, SampleTextResponse>("/xai_api.Sample/SampleTextStreaming", request, streams: true);

        Assert.Equal(("Hi", FinishReason.ReasonStop, 4), (whole.Message.Choices[0].Text, whole.Message.Choices[0].FinishReason, whole.Message.Usage.TotalTokens));
        Assert.Equal("Hi", string.Concat(pieces.Messages.SelectMany(piece => piece.Choices).Select(choice => choice.Text)));
        Assert.Equal((FinishReason.ReasonStop, 4), (pieces.Messages[^1].Choices[0].FinishReason, pieces.Messages[^1].Usage.TotalTokens));
        request.Prompt.Add("and again");
        Assert.Equal(StatusCode.InvalidArgument, (await client.CallAsync<SampleTextRequest, SampleTextResponse>("/xai_api.Sample/SampleText", request)).Code);
    }

    [Fact]
    public async Task A_search_in_documents_goes_to_xAI()
    {
        await using var xai = new FakeUpstream(turn => turn.WholeAsync("""{"matches":[{"file_id":"f","chunk_id":"c","chunk_content":"text","score":0.5,"collection_ids":["k"]}]}"""));
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "xai": { "preset": "xai", "baseUrl": "{{xai.Url}}/v1", "apiKey": "{{TestServer.UpstreamKey}}" } } }""");
        using var client = new GrpcClient(server);
        var request = new SearchRequest { Query = "what", Source = new DocumentsSource(), Limit = 3, HybridRetrieval = new HybridRetrieval { ReciprocalRankFusion = new ReciprocalRankFusion { K = 60 } } };
        request.Source.CollectionIds.Add("k");

        var found = await client.CallAsync<SearchRequest, SearchResponse>("/xai_api.Documents/Search", request);

        Assert.Equal(("f", "c", "text", 0.5f, "k"), (found.Message.Matches[0].FileId, found.Message.Matches[0].ChunkId, found.Message.Matches[0].ChunkContent, found.Message.Matches[0].Score, found.Message.Matches[0].CollectionIds[0]));
        Assert.Equal(("/v1/documents/search", """{"query":"what","source":{"collection_ids":["k"]},"limit":3,"retrieval_mode":{"type":"hybrid","reranker":{"type":"rrf","k":60}}}"""), (xai.Last.Target, xai.Last.Text));
        Assert.Equal("Bearer " + TestServer.UpstreamKey, xai.Last.Header("Authorization"));
        await using var without = await TestServer.StartAsync();
        using var other = new GrpcClient(without);
        Assert.Equal(StatusCode.Unimplemented, (await other.CallAsync<SearchRequest, SearchResponse>("/xai_api.Documents/Search", request)).Code);
    }

    [Theory]
    [InlineData("/xai_api.Files/ListFiles", "/v1/files")]
    [InlineData("/xai_api.BatchMgmt/ListBatches", "/v1/batches")]
    [InlineData("/xai_api.Video/GenerateVideo", "/v1/videos")]
    [InlineData("/collections.Collections/ListCollections", "management-api.x.ai")]
    [InlineData("/xai_api.Chat/NoSuchMethod", "NoSuchMethod")]
    [InlineData("/no.Such/Service", "/no.Such/Service")]
    public async Task What_is_not_served_says_so_and_what_to_use(string path, string text)
    {
        await using var server = await TestServer.StartAsync();
        using var client = new GrpcClient(server);
        var refused = await client.CallAsync<Empty, Empty>(path, new());
        Assert.Equal(StatusCode.Unimplemented, refused.Code);
        Assert.Contains(text, refused.Detail, StringComparison.Ordinal);
    }

    /// <summary>A key for one endpoint may use that one alone.</summary>
    [Theory]
    [InlineData("chat", "/xai_api.Chat/GetCompletion")]
    [InlineData("sample", "/xai_api.Sample/SampleText")]
    [InlineData("embed", "/xai_api.Embedder/Embed")]
    [InlineData("image", "/xai_api.Image/GenerateImage")]
    [InlineData("models", "/xai_api.Models/ListLanguageModels")]
    [InlineData("tokenize", "/xai_api.Tokenize/TokenizeText")]
    [InlineData("documents", "/xai_api.Documents/Search")]
    public async Task Keys_are_held_to_their_endpoints(string endpoint, string own)
    {
        await using var server = await TestServer.StartAsync();
        var key = server.Service<KeyCommands>().Create(OperatorActor.Instance, null, new KeySettings("k") { Acls = KeyWords.Acls(["*"], [endpoint]) }).Text;
        using var client = new GrpcClient(server, key);
        foreach (var path in new[] { "/xai_api.Chat/GetCompletion", "/xai_api.Sample/SampleText", "/xai_api.Embedder/Embed", "/xai_api.Image/GenerateImage", "/xai_api.Models/ListLanguageModels", "/xai_api.Tokenize/TokenizeText", "/xai_api.Documents/Search" })
        {
            var answer = await client.CallAsync<Empty, Empty>(path, new());
            Assert.True((answer.Code == StatusCode.PermissionDenied) == (path != own), $"{path}: {answer.Code} {answer.Detail}");
        }
    }

    [Fact]
    public async Task Health_says_what_readyz_says_and_watches_without_a_key()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server, key: "none");
        var health = new Health.HealthClient(client.Invoker);

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest())).Status);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest { Service = "xai_api.Chat" })).Status);
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(async () => await health.CheckAsync(new HealthCheckRequest { Service = "no.Such" }))).StatusCode);
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(async () => await health.CheckAsync(new HealthCheckRequest { Service = "xai_api.Files" }))).StatusCode);
        using var watch = health.Watch(new HealthCheckRequest());
        Assert.True(await watch.ResponseStream.MoveNext(TestContext.Current.CancellationToken).Soon());
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, watch.ResponseStream.Current.Status);
        var stopping = server.Server.StopAsync();
        Assert.True(await watch.ResponseStream.MoveNext(TestContext.Current.CancellationToken).Soon());
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, watch.ResponseStream.Current.Status);
        Assert.False(await watch.ResponseStream.MoveNext(TestContext.Current.CancellationToken).Soon());
        client.Dispose();
        await stopping.Soon();
    }

    [Fact]
    public async Task A_server_without_upstreams_is_not_serving()
    {
        await using var server = await TestServer.StartAsync();
        using var client = new GrpcClient(server);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, (await new Health.HealthClient(client.Invoker).CheckAsync(new HealthCheckRequest())).Status);
    }

    [Fact]
    public async Task Reflection_lists_the_services_in_both_versions_and_can_be_switched_off()
    {
        await using var server = await TestServer.StartAsync();
        using var client = new GrpcClient(server);
        using (var call = new ServerReflection.ServerReflectionClient(client.Invoker).ServerReflectionInfo())
        {
            await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" }, TestContext.Current.CancellationToken);
            Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken).Soon());
            var names = call.ResponseStream.Current.ListServicesResponse.Service.Select(service => service.Name).ToList();
            Assert.Contains("xai_api.Chat", names);
            Assert.Contains("grpc.health.v1.Health", names);
            await call.RequestStream.WriteAsync(new ServerReflectionRequest { FileContainingSymbol = "xai_api.Chat" }, TestContext.Current.CancellationToken);
            Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken).Soon());
            var files = call.ResponseStream.Current.FileDescriptorResponse.FileDescriptorProto.Select(file => Google.Protobuf.Reflection.FileDescriptorProto.Parser.ParseFrom(file).Name);
            Assert.Contains("xai/api/v1/chat.proto", files);
            await call.RequestStream.CompleteAsync();
        }
        using (var old = new global::Grpc.Reflection.V1Alpha.ServerReflection.ServerReflectionClient(client.Invoker).ServerReflectionInfo())
        {
            await old.RequestStream.WriteAsync(new() { ListServices = "" }, TestContext.Current.CancellationToken);
            Assert.True(await old.ResponseStream.MoveNext(TestContext.Current.CancellationToken).Soon());
            Assert.NotEmpty(old.ResponseStream.Current.ListServicesResponse.Service);
        }

        await using var quiet = await TestServer.StartAsync("""{ "grpc": { "reflection": false } }""");
        using var other = new GrpcClient(quiet);
        Assert.Equal(StatusCode.Unimplemented, (await other.CallAsync<Empty, Empty>("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", new())).Code);
    }
}
