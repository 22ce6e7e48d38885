using System.ClientModel;
using System.ClientModel.Primitives;
using Milliways.EndToEnd.Support;
using OpenAI;
using OpenAI.Chat;

namespace Milliways.EndToEnd.Sdks;

/// <summary>The NuGet package <c>OpenAI</c>, unmodified.</summary>
public sealed class OpenAiNuGetTests(SharedServer shared) : ClientClaims(shared)
{
    private protected override string Length => "Length";

    private protected override string Stopped => "Stop";

    private protected override Refusal WrongKey => new("ClientResultException", 400, "Incorrect API key");

    private protected override Refusal NoKey => new("ClientResultException", 401, "No or an invalid authentication header");

    private protected override Refusal UnknownModel => new("ClientResultException", 404, "The model grok-42 does not exist");

    private protected override Refusal TooLong => new("ClientResultException", 400, "This model's maximum prompt length is 8192 but the request contains ");

    private protected override Task<Reply> AskAsync(Question question) => AskAsync(Server.Key, question);

    private protected override async Task<Refusal> RefusedAsync(string? key, Question question)
    {
        var raised = await Assert.ThrowsAsync<ClientResultException>(() => AskAsync(key, question));
        // Its message holds the text of OpenAI's form only; whoever looks finds the answer as it came.
        return new Refusal(raised.GetType().Name, raised.Status, raised.GetRawResponse()!.Content.ToString());
    }

    private protected override async Task<IAsyncDisposable> LeaveAsync(Question question)
    {
        var stream = Chat(Server.Key, question).CompleteChatStreamingAsync(Turns(question), Options(question)).GetAsyncEnumerator();
        Assert.True(await stream.MoveNextAsync());
        await stream.DisposeAsync();
        return stream;
    }

    private async Task<Reply> AskAsync(string? key, Question question)
    {
        if (!question.Streamed)
        {
            ChatCompletion answer = await Chat(key, question).CompleteChatAsync(Turns(question), Options(question));
            return new Reply(answer.Content[0].Text, answer.FinishReason.ToString());
        }
        var (text, ending) = ("", (string?)null);
        await foreach (var update in Chat(key, question).CompleteChatStreamingAsync(Turns(question), Options(question)))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            ending = update.FinishReason?.ToString() ?? ending;
        }
        return new Reply(text, ending);
    }

    private ChatClient Chat(string? key, Question question) => Client(key).GetChatClient(question.Model);

    private static ChatMessage[] Turns(Question question) =>
    [
        .. question.System is null ? Array.Empty<ChatMessage>() : [new SystemChatMessage(question.System)],
        .. question.Turns.Select(turn => turn.Role == "user" ? (ChatMessage)new UserChatMessage(turn.Text) : new AssistantChatMessage(turn.Text)),
    ];

    private static ChatCompletionOptions Options(Question question)
    {
        var options = new ChatCompletionOptions { MaxOutputTokenCount = question.MaxTokens, Temperature = 0 };
        if (question.Stop is not null)
            options.StopSequences.Add(question.Stop);
        return options;
    }

    [Fact]
    public async Task A_whole_answer_is_read()
    {
        ChatCompletion answer = await Client(Server.Key).GetChatClient("grok-beta")
            .CompleteChatAsync([new SystemChatMessage(Talk.System), new UserChatMessage("Hi")], new ChatCompletionOptions { MaxOutputTokenCount = 6 });

        Assert.NotEmpty(answer.Content[0].Text);
        Assert.Equal("smollm2", answer.Model);
        Assert.InRange(answer.Usage.OutputTokenCount, 1, 6);
    }

    [Fact]
    public async Task A_stream_is_read_to_its_end_with_its_usage()
    {
        var (text, ended, usage) = ("", (ChatFinishReason?)null, (ChatTokenUsage?)null);
        await foreach (var update in Client(Server.Key).GetChatClient("grok-beta").CompleteChatStreamingAsync([new UserChatMessage("Count from 1 to 20.")], new ChatCompletionOptions { MaxOutputTokenCount = 6 }))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            ended = update.FinishReason ?? ended;
            usage = update.Usage ?? usage;
        }

        Assert.NotEmpty(text);
        Assert.Equal(ChatFinishReason.Length, ended);
        Assert.Equal(6, usage?.OutputTokenCount);
    }

    [Fact]
    public async Task Embeddings_are_decoded()
    {
        OpenAI.Embeddings.OpenAIEmbedding embedding = await Client(Server.Key).GetEmbeddingClient("embedding-beta").GenerateEmbeddingAsync("Don't panic");

        var length = 0f;
        foreach (var number in embedding.ToFloats().Span)
            length += number * number;
        Assert.Equal(384, embedding.ToFloats().Length);
        Assert.Equal(1, length, 0.001f);
    }

    [Fact]
    public async Task Models_are_listed()
    {
        OpenAI.Models.OpenAIModelCollection models = await Client(Server.Key).GetOpenAIModelClient().GetModelsAsync();

        Assert.Contains(models, model => model.Id == "grok-beta");
    }

    /// <summary>This client takes no empty key; where none is to be sent, one of the places it has for others' steps takes the header away.</summary>
    private OpenAIClient Client(string? key)
    {
        var options = new OpenAIClientOptions { Endpoint = new Uri(Server.Base + "/v1"), RetryPolicy = new ClientRetryPolicy(0) };
        if (key is null)
            options.AddPolicy(new WithoutKey(), PipelinePosition.BeforeTransport);
        return new OpenAIClient(new ApiKeyCredential(key ?? "not sent"), options);
    }

    private sealed class WithoutKey : PipelinePolicy
    {
        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            message.Request.Headers.Remove("Authorization");
            ProcessNext(message, pipeline, currentIndex);
        }

        public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            message.Request.Headers.Remove("Authorization");
            return ProcessNextAsync(message, pipeline, currentIndex);
        }
    }
}
