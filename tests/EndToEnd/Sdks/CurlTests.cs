using System.Globalization;
using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Sdks;

/// <summary>curl on <c>/v1/chat/completions</c>, as people type it.</summary>
public sealed class CurlChatTests(SharedServer shared) : CurlClaims(shared)
{
    private protected override string Length => "length";

    private protected override string Stopped => "stop";

    private protected override Refusal WrongKey => new("Client specified an invalid argument", 400, "Incorrect API key provided: ");

    private protected override Refusal NoKey => new("The request does not have valid authentication credentials", 401, "No or an invalid authentication header");

    private protected override Refusal UnknownModel => new("Some requested entity was not found", 404, "The model grok-42 does not exist");

    private protected override Refusal TooLong => new("Client specified an invalid argument", 400, "This model's maximum prompt length is 8192 but the request contains ");

    private protected override string Path => "/v1/chat/completions";

    private protected override string StreamsEnd => "data: [DONE]\n\n";

    private protected override JsonObject Body(Question question) => question.Chat();

    private protected override Reply Read(JsonNode answer) => Reply.OfChat(answer);

    private protected override Refusal Refused(JsonNode error, int status) => new(error["code"]!.GetValue<string>(), status, error["error"]!.GetValue<string>());
}

/// <summary>curl on <c>/v1/messages</c>.</summary>
public sealed class CurlMessagesTests(SharedServer shared) : CurlClaims(shared)
{
    private protected override string Length => "max_tokens";

    private protected override string Stopped => "stop_sequence";

    private protected override Refusal WrongKey => new("authentication_error", 401, "");

    private protected override Refusal NoKey => new("authentication_error", 401, "");

    private protected override Refusal UnknownModel => new("not_found_error", 404, "grok-42");

    private protected override Refusal TooLong => new("invalid_request_error", 400, "prompt is too long: ");

    private protected override string Path => "/v1/messages";

    private protected override string StreamsEnd => "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

    private protected override JsonObject Body(Question question) => question.Messages();

    private protected override Reply Read(JsonNode answer) => Reply.OfMessages(answer);

    private protected override Refusal Refused(JsonNode error, int status) => new(error["error"]!["type"]!.GetValue<string>(), status, error["error"]!["message"]!.GetValue<string>());
}

/// <summary>The claims through curl, and those that only curl can check.</summary>
public abstract class CurlClaims(SharedServer shared) : ClientClaims(shared)
{
    private protected abstract string Path { get; }

    private protected abstract string StreamsEnd { get; }

    private protected abstract JsonObject Body(Question question);

    private protected abstract Reply Read(JsonNode answer);

    private protected abstract Refusal Refused(JsonNode error, int status);

    [Fact]
    public async Task A_stream_ends_with_its_mark_and_without_a_complaint_of_curl()
    {
        var (status, text) = await CurlAsync(Server.Key, Body(Question.Of("Hi") with { MaxTokens = 4, Streamed = true }).ToJsonString());

        Assert.Equal(200, status);
        Assert.EndsWith(StreamsEnd, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Broken_JSON_is_400_with_its_line_and_column()
    {
        var (status, text) = await CurlAsync(Server.Key, "{\"model\": \"grok-beta\",\n \"messages\": [}");

        Assert.Equal(400, status);
        Assert.Contains("line 2 column 15", Refused(JsonNode.Parse(text)!, status).Text, StringComparison.Ordinal);
    }

    private protected override async Task<Reply> AskAsync(Question question)
    {
        var (status, text) = await CurlAsync(Server.Key, Body(question).ToJsonString());
        Assert.True(status == 200, text);
        if (!question.Streamed)
            return Read(JsonNode.Parse(text)!);
        var data = text.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(line => JsonNode.Parse(line["data: ".Length..]));
        return Read(new JsonArray([.. data]));
    }

    private protected override async Task<Refusal> RefusedAsync(string? key, Question question)
    {
        var (status, text) = await CurlAsync(key, Body(question).ToJsonString());
        return Refused(JsonNode.Parse(text)!, status);
    }

    /// <summary>Who leaves curl presses Ctrl-C.</summary>
    private protected override async Task<IAsyncDisposable> LeaveAsync(Question question)
    {
        var curl = LineProcess.Start("curl", [.. Arguments(Server.Key), "-d", Body(question).ToJsonString()]);
        await curl.LineAsync("data: ");
        Assert.False(curl.HasExited);
        await curl.DisposeAsync();
        return curl;
    }

    private async Task<(int Status, string Text)> CurlAsync(string? key, string body)
    {
        var finished = await Program.RunAsync("curl", [.. Arguments(key), "-w", "%{http_code}", "--data-binary", "@-"], input: body);
        Assert.True(finished.ExitCode == 0, finished.ToString());
        return (int.Parse(finished.Output[^3..], CultureInfo.InvariantCulture), finished.Output[..^3]);
    }

    private IEnumerable<string> Arguments(string? key) =>
        ["-sSN", Server.Base + Path, "-H", "Content-Type: application/json", .. key is null ? Array.Empty<string>() : ["-H", $"Authorization: Bearer {key}"]];
}
