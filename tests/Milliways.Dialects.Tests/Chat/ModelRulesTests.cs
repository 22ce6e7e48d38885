using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Chat;

/// <summary>What models take, by their names (dialects 2.3, 2.6, 4.7; xai-api 1.3).</summary>
public sealed class ModelRulesTests
{
    private static readonly UpstreamTraits OpenAi = new() { OpenAiExtensions = true, MaxCompletionTokens = true, SamplingExtensions = false };

    private static (Failure? Failure, JsonElement Json, string Dropped) Write(IUpstreamDialect dialect, UpstreamTarget target, string members)
    {
        var request = Requests.ReadChat($$"""{"model":"x","messages":[{"role":"user","content":"Q"},{"role":"system","content":"S"}],{{members}}}""");
        Assert.True(request.IsOk, request.Failure?.Message);
        var (output, dropped) = (new ArrayBufferWriter<byte>(), new SortedSet<string>(StringComparer.Ordinal));
        var failure = dialect.WriteRequest(request.Value!, target, output, dropped);
        return (failure, failure is null ? JsonDocument.Parse(output.WrittenMemory).RootElement : default, string.Join(',', dropped));
    }

    private static string Claude(string model, string members, string name)
    {
        var (failure, json, _) = Write(MessagesDialect.Instance, new UpstreamTarget(model) { MaxOutput = 64000 }, members);
        Assert.Null(failure);
        return json.TryGetProperty(name, out var value) ? value.GetRawText() : "absent";
    }

    [Theory]
    [InlineData("claude-fable-5", "{\"type\":\"adaptive\"}", "absent", "\"xhigh\"")]
    [InlineData("claude-opus-5-20260601", "{\"type\":\"adaptive\"}", "{\"type\":\"disabled\"}", "\"xhigh\"")]
    [InlineData("claude-opus-4-6", "{\"type\":\"adaptive\"}", "{\"type\":\"disabled\"}", "\"high\"")]
    [InlineData("anthropic.claude-sonnet-4-6-v1:0", "{\"type\":\"adaptive\"}", "{\"type\":\"disabled\"}", "\"high\"")]
    [InlineData("anthropic/claude-opus-4.5", "{\"type\":\"enabled\",\"budget_tokens\":32768}", "absent", "absent")]
    [InlineData("claude-sonnet-4-20250514", "{\"type\":\"enabled\",\"budget_tokens\":32768}", "absent", "absent")]
    [InlineData("claude-3-5-sonnet-latest", "absent", "absent", "absent")]
    [InlineData("claude-x", "{\"type\":\"adaptive\"}", "{\"type\":\"disabled\"}", "\"xhigh\"")]
    public void Thinking_is_asked_for_in_the_model_s_own_way(string model, string on, string off, string effort)
    {
        Assert.Equal(on, Claude(model, "\"reasoning_effort\":\"xhigh\"", "thinking"));
        Assert.Equal(off, Claude(model, "\"reasoning_effort\":\"none\"", "thinking"));
        var output = Claude(model, "\"reasoning_effort\":\"xhigh\"", "output_config");
        Assert.Equal(effort == "absent" ? "absent" : "{\"effort\":" + effort + "}", output);
    }

    [Theory]
    [InlineData("claude-opus-4-7", "absent", "absent")]
    [InlineData("claude-sonnet-5", "absent", "absent")]
    [InlineData("claude-opus-4-5", "0.5", "absent")]
    [InlineData("claude-3-haiku-20240307", "0.5", "0.9")]
    public void Sampling_is_sent_where_the_model_takes_it(string model, string temperature, string topP)
    {
        Assert.Equal(temperature, Claude(model, "\"temperature\":0.5,\"top_p\":0.9", "temperature"));
        Assert.Equal(topP, Claude(model, "\"temperature\":0.5,\"top_p\":0.9", "top_p"));
    }

    [Theory]
    [InlineData("claude-haiku-4-5", true)]
    [InlineData("claude-sonnet-5", true)]
    [InlineData("claude-opus-4-1-20250805", false)]
    [InlineData("claude-3-7-sonnet-20250219", false)]
    public void Schemas_are_native_where_the_model_knows_them(string model, bool isNative) =>
        Assert.Equal(isNative, Claude(model, """ "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}} """, "tools") == "absent");

    [Theory]
    [InlineData("claude-opus-4-8", "absent")]
    [InlineData("claude-sonnet-5", """[{"type":"text","text":"S"}]""")]
    public void System_turns_stay_in_their_place_where_the_model_takes_them(string model, string system) => Assert.Equal(system, Claude(model, "\"n\":1", "system"));

    [Fact]
    public void Reasoning_is_shown_when_it_was_asked_for()
    {
        var request = Requests.ReadMessages("""{"model":"x","max_tokens":50,"messages":[{"role":"user","content":"Q"}],"thinking":{"type":"adaptive","display":"summarized"}}""").Value!;
        Assert.Contains("\"thinking\":{\"type\":\"adaptive\",\"display\":\"summarized\"}", Requests.Messages(request).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("display", Requests.Messages(request with { Thinking = request.Thinking! with { Summary = null } }).Text, StringComparison.Ordinal);
    }

    private static (Failure? Failure, JsonElement Json, string Dropped) Chat(string model, UpstreamTraits traits, string members) => Write(ChatDialect.Instance, new UpstreamTarget(model) { Traits = traits }, members);

    [Theory]
    [InlineData("o3-mini", "developer", "\"medium\"", "frequency_penalty,logit_bias,presence_penalty,temperature,top_p")]
    [InlineData("gpt-5.1", "developer", "\"medium\"", "frequency_penalty,logit_bias,presence_penalty,temperature,top_p")]
    [InlineData("gpt-5-pro", "developer", "absent", "frequency_penalty,logit_bias,presence_penalty,reasoning_effort,temperature,top_p")]
    [InlineData("gpt-4o-mini", "system", "absent", "reasoning_effort")]
    [InlineData("gpt-5-chat-latest", "system", "absent", "reasoning_effort")]
    public void OpenAi_s_reasoning_models_get_developer_turns_and_no_sampling(string model, string role, string effort, string dropped)
    {
        var (failure, json, names) = Chat(model, OpenAi, "\"max_tokens\":9,\"temperature\":1,\"top_p\":1,\"frequency_penalty\":0,\"presence_penalty\":0,\"logit_bias\":{\"1\":1},\"reasoning_effort\":\"medium\",\"verbosity\":\"low\",\"prompt_cache_key\":\"k\"");
        Assert.Null(failure);
        Assert.Equal(dropped, names);
        Assert.Equal(role, json.GetProperty("messages")[1].GetProperty("role").GetString());
        Assert.Equal(9, json.GetProperty("max_completion_tokens").GetInt32());
        Assert.Equal(effort, json.TryGetProperty("reasoning_effort", out var word) ? word.GetRawText() : "absent");
        Assert.Equal(("low", "k"), (json.GetProperty("verbosity").GetString(), json.GetProperty("prompt_cache_key").GetString()));
    }

    [Fact]
    public void The_same_names_at_any_other_server_are_taken_as_they_come()
    {
        var (_, json, names) = Chat("o3-mini", UpstreamTraits.Plain, "\"max_tokens\":9,\"temperature\":1,\"verbosity\":\"low\",\"prompt_cache_key\":\"k\"");
        Assert.Equal("prompt_cache_key,verbosity", names);
        Assert.Equal((9, 1, "system"), (json.GetProperty("max_tokens").GetInt32(), json.GetProperty("temperature").GetInt32(), json.GetProperty("messages")[1].GetProperty("role").GetString()));
    }

    [Fact]
    public void Xai_s_reasoning_models_take_no_penalties_no_stop_and_few_efforts()
    {
        var xai = new UpstreamTraits { LiveSearch = true };
        var (_, json, names) = Chat("grok-3-mini", xai, "\"temperature\":1,\"frequency_penalty\":0,\"presence_penalty\":0,\"reasoning_effort\":\"medium\"");
        Assert.Equal("frequency_penalty,presence_penalty", names);
        Assert.Equal("low", json.GetProperty("reasoning_effort").GetString());
        Assert.Equal("reasoning_effort", Chat("grok-4-0709", xai, "\"reasoning_effort\":\"low\"").Dropped);
        Assert.Equal("stop", Chat("grok-4", xai, "\"stop\":\"x\"").Failure?.Param);
        Assert.Null(Chat("grok-beta", xai, "\"stop\":\"x\",\"presence_penalty\":0").Failure);
    }

    [Theory]
    [InlineData("{\"mode\":\"on\"}", "search_parameters", "")]
    [InlineData("{\"mode\":\"auto\"}", null, "search_parameters")]
    public void A_search_is_xai_s_alone(string parameters, string? refused, string dropped)
    {
        var members = "\"search_parameters\":" + parameters;
        foreach (var (failure, _, names) in new[] { Chat("m", UpstreamTraits.Plain, members), Write(MessagesDialect.Instance, new UpstreamTarget("claude-x"), members) })
        {
            Assert.Equal(refused, failure?.Param);
            if (failure is null) Assert.Equal(dropped, names);
        }

        var (none, json, nothing) = Chat("grok-beta", new UpstreamTraits { LiveSearch = true }, members);
        Assert.Null(none);
        Assert.Equal((parameters, ""), (json.GetProperty("search_parameters").GetRawText(), nothing));
    }
}
