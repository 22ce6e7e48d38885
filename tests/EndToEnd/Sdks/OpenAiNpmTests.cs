using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Sdks;

/// <summary>The npm package <c>openai</c>, unmodified.</summary>
public sealed class OpenAiNpmTests(SharedServer shared) : ClientClaims(shared)
{
    private protected override string Length => "length";

    private protected override string Stopped => "stop";

    private protected override Refusal WrongKey => new("BadRequestError", 400, "Incorrect API key");

    private protected override Refusal NoKey => new("AuthenticationError", 401, "No or an invalid authentication header");

    private protected override Refusal UnknownModel => new("NotFoundError", 404, "The model grok-42 does not exist");

    private protected override Refusal TooLong => new("BadRequestError", 400, "This model's maximum prompt length is 8192 but the request contains ");

    private protected override async Task<Reply> AskAsync(Question question) => Reply.OfChat((await CallAsync("chat.completions.create", question.Chat())).Good);

    private protected override async Task<Refusal> RefusedAsync(string? key, Question question) => (await Node.OpenAiAsync(Server.Base + "/v1", key, "chat.completions.create", question.Chat())).Refusal;

    private protected override async Task<IAsyncDisposable> LeaveAsync(Question question) => await Node.LeaveAsync("openai.mjs", Server.Base + "/v1", Server.Key, "chat.completions.create", question.Chat());

    [Fact]
    public async Task A_whole_answer_is_read()
    {
        var answer = (await CallAsync("chat.completions.create", Talk.About("Hi", 6))).Good;

        Assert.NotEmpty(answer["choices"]![0]!["message"]!["content"]!.GetValue<string>());
        Assert.Equal("smollm2", answer["model"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_stream_is_read_to_its_end()
    {
        var chunks = (await CallAsync("chat.completions.create", Talk.About("Hi", 6, ("stream", true)))).Good.AsArray();

        Assert.NotEmpty(string.Concat(chunks.Select(chunk => chunk!["choices"]![0]!["delta"]!["content"]?.GetValue<string>())));
        Assert.NotNull(chunks[^1]!["choices"]![0]!["finish_reason"]);
    }

    [Fact]
    public async Task Embeddings_come_as_numbers_although_the_client_asks_for_base64()
    {
        var implied = (await CallAsync("embeddings.create", Embedding(null))).Good["data"]![0]!["embedding"]!;
        var floats = (await CallAsync("embeddings.create", Embedding("float"))).Good["data"]![0]!["embedding"]!;

        Assert.Equal(384, implied.AsArray().Count);
        Assert.Equal(floats.AsArray().Select(number => (float)number!.GetValue<double>()), implied.AsArray().Select(number => (float)number!.GetValue<double>()));
    }

    [Fact]
    public async Task Models_are_listed()
    {
        var models = (await CallAsync("models.list")).Good.AsArray();

        Assert.Contains(models, model => model!["id"]!.GetValue<string>() == "grok-beta");
    }

    [Fact]
    public async Task A_wrong_key_is_raised_as_a_status_of_400_in_xAIs_flavour_and_401_in_OpenAIs()
    {
        var xai = await Node.OpenAiAsync(Server.Base + "/v1", "xai-mw-wrong", "chat.completions.create", Talk.About("Hi", 1));
        var compat = await Node.OpenAiAsync($"{Server.Base}/v1/{Server.Account}/default/compat", "xai-mw-wrong", "chat.completions.create", Talk.About("Hi", 1));

        Assert.Equal(("BadRequestError", 400), (xai.Error!["name"]!.GetValue<string>(), xai.Error["status"]!.GetValue<int>()));
        Assert.Contains("Incorrect API key", xai.Error["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(("AuthenticationError", 401), (compat.Error!["name"]!.GetValue<string>(), compat.Error["status"]!.GetValue<int>()));
    }

    private Task<ClientResult> CallAsync(string method, params JsonNode[] arguments) => Node.OpenAiAsync(Server.Base + "/v1", Server.Key, method, arguments);

    private static JsonObject Embedding(string? format)
    {
        var body = new JsonObject { ["model"] = "embedding-beta", ["input"] = "Don't panic" };
        if (format is not null)
            body["encoding_format"] = format;
        return body;
    }
}
