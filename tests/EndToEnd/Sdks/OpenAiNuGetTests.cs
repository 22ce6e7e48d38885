using System.ClientModel;
using System.ClientModel.Primitives;
using Milliways.EndToEnd.Support;
using OpenAI;
using OpenAI.Chat;

namespace Milliways.EndToEnd.Sdks;

/// <summary>The NuGet package <c>OpenAI</c>, unmodified.</summary>
public sealed class OpenAiNuGetTests(SharedServer shared)
{
    private MilliwaysProcess Server => shared.Server;

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

    [Fact]
    public async Task A_wrong_key_is_raised_with_its_text()
    {
        var raised = await Assert.ThrowsAsync<ClientResultException>(() => Client("xai-mw-wrong").GetChatClient("grok-beta").CompleteChatAsync([new UserChatMessage("Hi")]));

        Assert.Equal(400, raised.Status);
        Assert.Contains("Incorrect API key", raised.GetRawResponse()!.Content.ToString(), StringComparison.Ordinal);
    }

    private OpenAIClient Client(string key) => new(
        new ApiKeyCredential(key), new OpenAIClientOptions { Endpoint = new Uri(Server.Base + "/v1"), RetryPolicy = new ClientRetryPolicy(0) });
}
