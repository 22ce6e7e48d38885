using System.Net;
using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.Seeds;

/// <summary>Every call that the founding documents show, with only host, key, account and gateway replaced.</summary>
public sealed class SeedCallsTests(SharedServer shared)
{
    private const string Chinese = "详细介绍 AI 工具派";
    private const string Life = "What is the meaning of life, the universe, and everything?";

    private MilliwaysProcess Server => shared.Server;

    private string Gateway => $"{Server.Base}/v1/{Server.Account}/default";

    [Fact]
    public async Task The_introductions_curl_as_printed_is_told_line_and_column_and_that_names_need_double_quotes()
    {
        var finished = await CurlAsync(Server.Base + "/v1/chat/completions", "@" + Path.Combine(Repository.SeedData, "introduction-as-printed.json"), "-w", "\n%{http_code}");

        var (body, status) = (finished.Output[..finished.Output.LastIndexOf('\n')], finished.Output[(finished.Output.LastIndexOf('\n') + 1)..]);
        Assert.Equal("400", status);
        var error = JsonNode.Parse(body)!["error"]!.GetValue<string>();
        Assert.Matches(@"line 3 column 15\b", error);
        Assert.Contains("property names need double quotes", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("introduction-as-meant.json")]
    [InlineData("how-to.json")]
    public async Task The_curl_of_the_introduction_as_meant_and_of_the_how_to_are_answered(string file) =>
        AssertChat(JsonNode.Parse((await CurlAsync(Server.Base + "/v1/chat/completions", "@" + Path.Combine(Repository.SeedData, file))).Output)!);

    [Fact]
    public async Task The_gateways_curl_is_answered() =>
        AssertChat(JsonNode.Parse((await CurlAsync(Gateway + "/grok/v1/chat/completions", """
            {
            "model": "grok-beta",
            "messages": [
            {
            "role": "user",
            "content": "What is Cloudflare?"
            }
            ]
            }
            """)).Output)!);

    [Fact]
    public async Task The_openai_SDK_is_answered_at_v1() => AssertChat((await OpenAiAsync(Server.Base + "/v1", Chinese)).Good);

    [Fact]
    public async Task The_openai_SDK_is_answered_at_the_bare_host() => AssertChat((await OpenAiAsync(Server.Base, Life)).Good);

    [Fact]
    public async Task The_openai_SDK_is_answered_at_the_gateway() => AssertChat((await OpenAiAsync(Gateway + "/grok", Life)).Good);

    [Fact]
    public async Task The_anthropic_SDK_is_answered_at_the_host_with_a_slash() => AssertMessage((await AnthropicAsync(Server.Base + "/", Chinese)).Good);

    [Fact]
    public async Task The_anthropic_SDK_is_answered_at_v1() => AssertMessage((await AnthropicAsync(Server.Base + "/v1", Life)).Good);

    [Fact]
    public async Task The_anthropic_SDK_is_answered_at_the_gateway() => AssertMessage((await AnthropicAsync(Gateway + "/grok", Life)).Good);

    [Fact]
    public async Task The_compatible_endpoint_takes_the_model_with_its_provider()
    {
        var answer = await Server.Api.PostAsync($"/v1/{Server.Account}/default/compat/chat/completions", new JsonObject { ["model"] = "grok/grok-beta", ["messages"] = Talk.Turns(("user", Life)), ["max_tokens"] = 32 });

        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        AssertChat(answer.Json);
    }

    [Fact]
    public async Task Chatbox_lists_the_models_and_then_streams()
    {
        var list = await Server.Api.GetAsync("/v1/models");
        Assert.Contains(list.Json["data"]!.AsArray(), model => model!["id"]!.GetValue<string>() == "grok-beta");

        var stream = await Server.Api.ReadStreamAsync("/v1/chat/completions", Talk.About("Hi", 16, ("stream", true)));
        Assert.True(stream is { Status: HttpStatusCode.OK, IsDone: true, EndedProperly: true }, stream.ToString());
    }

    [Theory]
    [InlineData("/v1/dashboard/billing/subscription")]
    [InlineData("/v1/dashboard/billing/credit_grants")]
    [InlineData("/v1/dashboard/billing/usage?start_date=2024-11-01&end_date=2024-11-30")]
    public async Task Chatbox_and_One_API_read_the_balance(string path) => Assert.Equal(HttpStatusCode.OK, (await Server.Api.GetAsync(path)).Status);

    [Fact]
    public async Task One_API_finds_every_line_of_a_stream_starting_with_data_and_shorter_than_its_buffer()
    {
        var body = Talk.About("Hi", 16, ("stream", true), ("stream_options", new JsonObject { ["include_usage"] = true }));
        var finished = await CurlAsync(Server.Base + "/v1/chat/completions", body.ToJsonString());

        Assert.NotEmpty(finished.Output);
        Assert.All(finished.Output.Split('\n'), line =>
        {
            Assert.True(line.Length == 0 || line.StartsWith("data: ", StringComparison.Ordinal), line);
            Assert.True(line.Length < 65536);
        });
    }

    [Fact]
    public async Task LibreChats_own_fields_do_no_harm()
    {
        var body = Talk.About("", 32, ("user", "6730a"), ("stream", false), ("temperature", 1), ("top_p", 1), ("presence_penalty", 0), ("frequency_penalty", 0), ("some_unknown_field", new JsonObject { ["a"] = 1 }));
        var user = Talk.Turn("user", "Title for: hello");
        user["name"] = "user";
        body["messages"] = new JsonArray(Talk.Turn("system", Talk.System), user);
        var answer = await Server.Api.PostAsync("/v1/chat/completions", body);

        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        AssertChat(answer.Json);
    }

    private async Task<Finished> CurlAsync(string address, string data, params string[] more)
    {
        var finished = await Program.RunAsync("curl", ["-sSN", address, "-H", "Content-Type: application/json", "-H", $"Authorization: Bearer {Server.Key}", "--data-binary", data, .. more]);
        Assert.True(finished.ExitCode == 0, finished.ToString());
        return finished;
    }

    private Task<ClientResult> OpenAiAsync(string baseUrl, string question) => Node.OpenAiAsync(
        baseUrl, Server.Key, "chat.completions.create", new JsonObject { ["model"] = "grok-beta", ["messages"] = Talk.Turns(("system", Talk.System), ("user", question)) });

    private Task<ClientResult> AnthropicAsync(string baseUrl, string question) => Node.AnthropicAsync(
        baseUrl, Server.Key, "messages.create",
        new JsonObject { ["model"] = "grok-beta", ["max_tokens"] = 128, ["system"] = Talk.System, ["messages"] = Talk.Turns(("user", question)) });

    private static void AssertChat(JsonNode answer)
    {
        Assert.Equal("chat.completion", answer["object"]?.GetValue<string>());
        Assert.Equal("assistant", answer["choices"]![0]!["message"]!["role"]!.GetValue<string>());
        Assert.NotEmpty(answer["choices"]![0]!["message"]!["content"]!.GetValue<string>());
    }

    private static void AssertMessage(JsonNode message)
    {
        Assert.Equal(("message", "assistant"), (message["type"]?.GetValue<string>(), message["role"]?.GetValue<string>()));
        Assert.NotEmpty(message["content"]![0]!["text"]!.GetValue<string>());
    }
}
