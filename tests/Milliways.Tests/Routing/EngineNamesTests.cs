using Milliways.Dialects.Chat;
using Milliways.Hosting.Configuration;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Tests.Routing;

/// <summary>The engine's two models and what each of them cannot do.</summary>
public sealed class EngineNamesTests
{
    private static readonly Upstream Engine = Make("engine", new NoGuard());
    private static readonly Upstream Lab = Make("lab", null);

    [Theory]
    [InlineData(nameof(Operation.Chat), "all-minilm", "all-minilm makes embeddings and nothing else: send it to /v1/embeddings, or name smollm2 here.")]
    [InlineData(nameof(Operation.CountTokens), "all-minilm", "all-minilm makes embeddings")]
    [InlineData(nameof(Operation.TokenizeText), "all-minilm", "all-minilm makes embeddings")]
    [InlineData(nameof(Operation.Embeddings), "smollm2", "smollm2 chats and makes no embeddings: send it to /v1/chat/completions, or name all-minilm here.")]
    public void The_wrong_kind_of_model_is_a_400_that_names_the_right_endpoint(string operation, string model, string says)
    {
        var refusal = EngineNames.Refuse(Table(), new Route(new Attempt(Engine, model)), Enum.Parse<Operation>(operation))!;
        Assert.Equal((FailureKind.InvalidRequest, "model"), (refusal.Kind, refusal.Param));
        Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(Operation.Chat))]
    [InlineData(nameof(Operation.Embeddings))]
    public void A_name_that_the_engine_does_not_have_is_not_answered_by_another_model(string operation)
    {
        var refusal = EngineNames.Refuse(Table(), new Route(new Attempt(Engine, "llama-9")), Enum.Parse<Operation>(operation))!;
        Assert.Equal(FailureKind.ModelNotFound, refusal.Kind);
        Assert.Contains("no model llama-9: it has smollm2 for chat and all-minilm for embeddings", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_fits_and_what_others_serve_is_let_through()
    {
        Assert.Null(EngineNames.Refuse(Table(), new Route(new Attempt(Engine, "smollm2")), Operation.Chat));
        Assert.Null(EngineNames.Refuse(Table(), new Route(new Attempt(Engine, "smollm2")), Operation.TokenizeText));
        Assert.Null(EngineNames.Refuse(Table(), new Route(new Attempt(Engine, "all-minilm")), Operation.Embeddings));
        Assert.Null(EngineNames.Refuse(Table(), new Route(new Attempt(Lab, "all-minilm")), Operation.Chat));
        Assert.Null(EngineNames.Refuse(Table(), new Route([new Attempt(Engine, "llama-9"), new Attempt(Lab, "x")]), Operation.Chat));
    }

    private static RoutingTable Table() => new(new MilliwaysConfig(), new UpstreamSet([Engine, Lab], []), Engine, "smollm2", "all-minilm", null);

    private static Upstream Make(string name, IUpstreamGuard? guard) =>
        new(name, UpstreamDialect.OpenAiChat, UpstreamAddress.Parse("http://127.0.0.1:9/v1"), new HttpMessageInvoker(new SocketsHttpHandler())) { Guard = guard };

    private sealed class NoGuard : IUpstreamGuard
    {
        public ValueTask<Reading<IUpstreamStay>> EnterAsync(ReadOnlyMemory<byte> body, CancellationToken cancel) => throw new InvalidOperationException();
    }
}
