using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Engine;

/// <summary>What the embedded model's answers hold, over plain HTTP. What a small model says is not looked at, unless it is greedy and compared with itself.</summary>
public sealed class AnswersTests(SharedServer shared)
{
    [Fact]
    public async Task A_question_gets_an_answer_with_text_and_a_count_that_adds_up()
    {
        var answer = await shared.Api.ChatAsync(Talk.About("What is the capital of France?", 24));

        Assert.NotEmpty(Text(answer));
        var usage = answer["usage"]!;
        Assert.Equal(usage["total_tokens"]!.GetValue<int>(), usage["prompt_tokens"]!.GetValue<int>() + usage["completion_tokens"]!.GetValue<int>());
        Assert.InRange(usage["completion_tokens"]!.GetValue<int>(), 1, 24);
    }

    [Fact]
    public async Task The_answer_names_the_model_that_really_answered()
    {
        var answer = await shared.Api.PostAsync("/v1/chat/completions", Talk.About("Hi", 2));

        Assert.Equal("smollm2", answer.Json["model"]!.GetValue<string>());
        Assert.Equal("engine/smollm2", answer.Header("x-milliways-upstream"));
        Assert.Equal("1", answer.Header("x-milliways-attempts"));
        Assert.StartsWith("req_", answer.Header("x-request-id"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bias_of_100_forces_a_token_and_one_of_minus_100_forbids_it()
    {
        var tokens = await shared.Api.PostAsync("/v1/tokenize-text", new JsonObject { ["model"] = "grok-beta", ["text"] = " towel" });
        var towel = tokens.Json["token_ids"]![0]!["token_id"]!.ToJsonString();
        var text = tokens.Json["token_ids"]![0]!["string_token"]!.GetValue<string>();

        var forced = Text(await shared.Api.ChatAsync(Talk.About("What is the capital of France?", 3, ("logit_bias", new JsonObject { [towel] = 100 }))));
        Assert.Equal(text + text + text, forced);

        var free = Text(await shared.Api.ChatAsync(Talk.About("What is the capital of France?", 1)));
        var first = (await shared.Api.PostAsync("/v1/tokenize-text", new JsonObject { ["model"] = "grok-beta", ["text"] = free })).Json["token_ids"]![0]!["token_id"]!.ToJsonString();
        Assert.NotEqual(free, Text(await shared.Api.ChatAsync(Talk.About("What is the capital of France?", 1, ("logit_bias", new JsonObject { [first] = -100 })))));
    }

    /// <summary>Counting makes it repeat its signs; each penalty, which counts tokens that were used, must show.</summary>
    [Theory]
    [InlineData("frequency_penalty", 2.0)]
    [InlineData("presence_penalty", 2.0)]
    [InlineData("repetition_penalty", 1.9)]
    public async Task A_penalty_keeps_the_engine_from_saying_the_same_again(string penalty, double strength)
    {
        var free = Text(await shared.Api.ChatAsync(Talk.About("Count from 1 to 30.", 24)));
        var held = Text(await shared.Api.ChatAsync(Talk.About("Count from 1 to 30.", 24, (penalty, strength))));

        Assert.NotEqual(free, held);
    }

    [Fact]
    public async Task A_system_prompt_is_read_and_changes_the_answer()
    {
        var without = await shared.Api.ChatAsync(Talk.About("Who are you?"));
        var with = await shared.Api.ChatAsync(Talk.About("Who are you?", 16, ("messages", Talk.Turns(("system", "You are a pirate called Red Beard. Always say Arrr."), ("user", "Who are you?")))));

        Assert.NotEqual(Text(without), Text(with));
    }

    [Fact]
    public async Task Earlier_turns_are_read_and_change_the_answer()
    {
        var alone = await shared.Api.ChatAsync(Talk.About("And what about cats?"));
        var later = await shared.Api.ChatAsync(Talk.About("", 16, ("messages", Talk.Turns(("user", "Do dogs bark?"), ("assistant", "Yes, dogs bark."), ("user", "And what about cats?")))));

        Assert.NotEqual(Text(alone), Text(later));
        Assert.True(Prompt(later) > Prompt(alone), $"{Prompt(later)} and {Prompt(alone)} tokens");
    }

    [Fact]
    public async Task A_stop_text_ends_the_answer_before_itself()
    {
        var free = Text(await shared.Api.ChatAsync(Talk.About("Count from 1 to 20.", 40)));
        var stop = free.Substring(free.Length / 2, 2);
        var stopped = await shared.Api.ChatAsync(Talk.About("Count from 1 to 20.", 40, ("stop", stop)));

        Assert.Equal(free[..free.IndexOf(stop, StringComparison.Ordinal)], Text(stopped));
        Assert.Equal("stop", stopped["choices"]![0]!["finish_reason"]!.GetValue<string>());
    }

    [Fact]
    public async Task Messages_tells_which_stop_sequence_ended_the_answer_whole_and_streamed()
    {
        var free = (await shared.Api.PostAsync("/v1/messages", Talk.About("Count from 1 to 20.", 40))).Json["content"]![0]!["text"]!.GetValue<string>();
        var stop = free.Substring(free.Length / 2, 2);
        var body = Talk.About("Count from 1 to 20.", 40, ("stop_sequences", new JsonArray("never in it", stop)));

        var whole = (await shared.Api.PostAsync("/v1/messages", body)).Json;
        body["stream"] = true;
        var stream = await shared.Api.ReadStreamAsync("/v1/messages", body);

        Assert.Equal(("stop_sequence", stop), (whole["stop_reason"]!.GetValue<string>(), whole["stop_sequence"]!.GetValue<string>()));
        var delta = stream.Events.Single(item => item.Name == "message_delta").Json["delta"]!;
        Assert.Equal(("stop_sequence", stop), (delta["stop_reason"]!.GetValue<string>(), delta["stop_sequence"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Max_tokens_ends_the_answer_with_length()
    {
        var answer = await shared.Api.ChatAsync(Talk.About("Count from 1 to 20.", 5));

        Assert.Equal("length", answer["choices"]![0]!["finish_reason"]!.GetValue<string>());
        Assert.Equal(5, answer["usage"]!["completion_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task N_choices_come_whole_and_streamed_with_their_indexes()
    {
        var body = Talk.About("Pick a word.", 6, ("n", 3), ("temperature", 1.2), ("seed", 5));
        var whole = await shared.Api.ChatAsync(body);
        body["stream"] = true;
        var stream = await shared.Api.ReadStreamAsync("/v1/chat/completions", body);

        Assert.Equal([0, 1, 2], whole["choices"]!.AsArray().Select(choice => choice!["index"]!.GetValue<int>()));
        Assert.True(stream.IsDone && stream.EndedProperly, stream.ToString());
        var ends = stream.Chunks.SelectMany(chunk => chunk["choices"]!.AsArray()).Where(choice => choice!["finish_reason"] is not null).Select(choice => choice!["index"]!.GetValue<int>());
        Assert.Equal([0, 1, 2], ends.Order());
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_answer_and_another_seed_another()
    {
        JsonObject Body(int seed) => Talk.About("Write a poem about the sea.", 24, ("temperature", 1.5), ("seed", seed));
        var (first, second, third) = (Text(await shared.Api.ChatAsync(Body(42))), Text(await shared.Api.ChatAsync(Body(42))), Text(await shared.Api.ChatAsync(Body(43))));

        Assert.Equal(first, second);
        Assert.NotEqual(first, third);
    }

    [Fact]
    public async Task Temperature_0_gives_the_same_answer_whole_and_streamed_in_both_dialects()
    {
        var body = Talk.About("Tell me about the sea.", 24);
        var whole = Text(await shared.Api.ChatAsync(body));
        var message = await shared.Api.PostAsync("/v1/messages", body);
        body["stream"] = true;
        var chat = await shared.Api.ReadStreamAsync("/v1/chat/completions", body);
        var messages = await shared.Api.ReadStreamAsync("/v1/messages", body);

        Assert.Equal(whole, message.Json["content"]![0]!["text"]!.GetValue<string>());
        Assert.Equal(whole, chat.ChatText);
        Assert.Equal(whole, messages.MessagesText);
    }

    [Fact]
    public async Task Chinese_is_read_and_no_character_is_torn_between_chunks()
    {
        const string Chinese = "请重复：你好，世界。你好，世界。";
        // Chinese characters are three bytes and several tokens each to this model; what it makes of them must be whole characters.
        var body = Talk.About(Chinese, 48, ("messages", Talk.Turns(("system", "Repeat what the user says, in Chinese."), ("user", "你好，世界"), ("assistant", "你好，世界"), ("user", Chinese))));
        var whole = await shared.Api.ChatAsync(body);
        body["stream"] = true;
        var stream = await shared.Api.ReadStreamAsync("/v1/chat/completions", body);

        Assert.Contains(Text(whole), character => character >= '\u4e00');
        Assert.Equal(Text(whole), stream.ChatText);
        Assert.DoesNotContain('\uFFFD', stream.ChatText);
    }

    [Fact]
    public async Task A_client_may_ask_for_the_usage_of_a_stream_and_gets_it_last()
    {
        var body = Talk.About("Hi", 4, ("stream", true), ("stream_options", new JsonObject { ["include_usage"] = true }));
        var stream = await shared.Api.ReadStreamAsync("/v1/chat/completions", body);

        var last = stream.Chunks.Last();
        Assert.Empty(last["choices"]!.AsArray());
        Assert.InRange(last["usage"]!["completion_tokens"]!.GetValue<int>(), 1, 4);
    }

    private static string Text(JsonNode answer) => answer["choices"]![0]!["message"]!["content"]!.GetValue<string>();

    private static int Prompt(JsonNode answer) => answer["usage"]!["prompt_tokens"]!.GetValue<int>();
}
