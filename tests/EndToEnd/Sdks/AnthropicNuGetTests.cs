using Anthropic;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Sdks;

/// <summary>The NuGet package <c>Anthropic</c>, unmodified.</summary>
public sealed class AnthropicNuGetTests(SharedServer shared)
{
    private MilliwaysProcess Server => shared.Server;

    [Fact]
    public async Task A_whole_message_is_read()
    {
        var message = await Client(Server.Key).Messages.Create(Message("Count from 1 to 20.", 6));

        Assert.True(message.Content[0].TryPickText(out var text));
        Assert.NotEmpty(text.Text);
        Assert.Equal(6, message.Usage.OutputTokens);
    }

    [Fact]
    public async Task A_stream_is_read_to_its_end()
    {
        var (words, ended) = ("", false);
        await foreach (var item in Client(Server.Key).Messages.CreateStreaming(Message("Hi", 6)))
        {
            if (item.TryPickContentBlockDelta(out var delta) && delta.Delta.TryPickText(out var text))
                words += text.Text;
            ended |= item.TryPickStop(out _);
        }

        Assert.NotEmpty(words);
        Assert.True(ended);
    }

    [Fact]
    public async Task Tokens_are_counted()
    {
        var count = await Client(Server.Key).Messages.CountTokens(new MessageCountTokensParams { Model = "grok-beta", Messages = [new UserMessageParam("Hi")] });

        Assert.True(count.InputTokens > 0);
    }

    [Fact]
    public async Task Models_are_listed()
    {
        var page = await Client(Server.Key).Models.List();

        Assert.Contains(page.Items, model => model.ID == "grok-beta");
    }

    [Fact]
    public async Task A_wrong_key_is_raised_as_unauthorized()
    {
        var raised = await Assert.ThrowsAnyAsync<AnthropicApiException>(() => Client("xai-mw-wrong").Messages.Create(Message("Hi", 1)));

        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, raised.StatusCode);
    }

    private AnthropicClient Client(string key) => new() { ApiKey = key, BaseUrl = Server.Base, MaxRetries = 0 };

    private static MessageCreateParams Message(string user, int maxTokens) =>
        new() { Model = "grok-beta", MaxTokens = maxTokens, System = Talk.System, Messages = [new UserMessageParam(user)] };
}
