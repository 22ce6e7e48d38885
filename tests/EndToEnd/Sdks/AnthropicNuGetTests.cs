using Anthropic;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Sdks;

/// <summary>The NuGet package <c>Anthropic</c>, unmodified.</summary>
public sealed class AnthropicNuGetTests(SharedServer shared) : ClientClaims(shared)
{
    private protected override string Length => "max_tokens";

    private protected override string Stopped => "stop_sequence";

    private protected override Refusal WrongKey => new("AnthropicUnauthorizedException", 401, "authentication_error");

    private protected override Refusal NoKey => new("AnthropicUnauthorizedException", 401, "authentication_error");

    private protected override Refusal UnknownModel => new("AnthropicNotFoundException", 404, "grok-42");

    private protected override Refusal TooLong => new("AnthropicBadRequestException", 400, "prompt is too long: ");

    private protected override Task<Reply> AskAsync(Question question) => AskAsync(Server.Key, question);

    private protected override async Task<Refusal> RefusedAsync(string? key, Question question)
    {
        var raised = await Assert.ThrowsAnyAsync<AnthropicApiException>(() => AskAsync(key, question));
        return new Refusal(raised.GetType().Name, (int)raised.StatusCode, raised.Message);
    }

    private protected override async Task<IAsyncDisposable> LeaveAsync(Question question)
    {
        var stream = Client(Server.Key).Messages.CreateStreaming(Body(question)).GetAsyncEnumerator();
        Assert.True(await stream.MoveNextAsync());
        await stream.DisposeAsync();
        return stream;
    }

    private async Task<Reply> AskAsync(string? key, Question question)
    {
        if (!question.Streamed)
        {
            var message = await Client(key).Messages.Create(Body(question));
            return new Reply(string.Concat(message.Content.Select(block => block.TryPickText(out var text) ? text.Text : "")), message.StopReason?.Raw());
        }
        var (words, ending) = ("", (string?)null);
        await foreach (var item in Client(key).Messages.CreateStreaming(Body(question)))
        {
            if (item.TryPickContentBlockDelta(out var delta) && delta.Delta.TryPickText(out var text))
                words += text.Text;
            if (item.TryPickDelta(out var end))
                ending = end.Delta.StopReason?.Raw();
        }
        return new Reply(words, ending);
    }

    private static MessageCreateParams Body(Question question)
    {
        var body = new MessageCreateParams
        {
            Model = question.Model,
            MaxTokens = question.MaxTokens,
            Messages = [.. question.Turns.Select(turn => turn.Role == "user" ? (MessageParam)new UserMessageParam(turn.Text) : new AssistantMessageParam(turn.Text))],
        };
        if (question.System is not null)
            body = body with { System = question.System };
        return question.Stop is null ? body : body with { StopSequences = [question.Stop] };
    }

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

    private AnthropicClient Client(string? key) => new() { ApiKey = key, BaseUrl = Server.Base, MaxRetries = 0 };

    private static MessageCreateParams Message(string user, int maxTokens) =>
        new() { Model = "grok-beta", MaxTokens = maxTokens, System = Talk.System, Messages = [new UserMessageParam(user)] };
}
