using System.Text.Json.Nodes;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api.Grpc;

/// <summary>An answer as an upstream of either dialect gives it, whole or streamed: thoughts, text, a call, and what it counted.</summary>
internal sealed record SaidUpstream(IReadOnlyList<string> Texts, string Thoughts, string Arguments, int Input, int Cached, int Output, int Reasoning)
{
    private const string Tool = "get_weather";

    /// <param name="mostOutput">Tokens: what goes beyond the hold would be the operator's.</param>
    public static SaidUpstream Make(Dice dice, int mostOutput)
    {
        var output = 1 + dice.Upto(mostOutput);
        return new SaidUpstream(
            dice.Many(3, _ => dice.One("Hi", " there", "生", ".")), dice.Flip() ? dice.One("Hm.", "One, two \"three\".") : "", dice.Flip() ? dice.One("{}", """{"city":"Paris"}""") : "",
            1 + dice.Upto(5), dice.Upto(4), output, dice.Upto(output));
    }

    /// <summary>Thoughts, text and call in one line.</summary>
    public string Told => Tell(Thoughts, string.Concat(Texts), Arguments.Length > 0 ? Tool + Arguments : "");

    public static string Tell(string? thoughts, string? text, string calls) => $"{thoughts}|{text}|{calls}";

    public string Whole(bool isClaude) => isClaude ? WholeMessages().ToJsonString() : WholeChat().ToJsonString();

    public string[] Stream(bool isClaude) => isClaude ? [.. StreamMessages()] : [.. StreamChat()];

    private JsonObject WholeChat() => new()
    {
        ["id"] = "up-1", ["object"] = "chat.completion", ["created"] = 1734999999, ["model"] = "alpha-7",
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = Delta("assistant", Thoughts, string.Concat(Texts), Arguments), ["finish_reason"] = Reason("tool_calls", "stop") }),
        ["usage"] = ChatUsage(),
    };

    private IEnumerable<string> StreamChat()
    {
        yield return Answers.Role;
        if (Thoughts.Length > 0)
            yield return Chunk(Delta(null, Thoughts, "", ""), null);
        foreach (var text in Texts)
            yield return Chunk(Delta(null, "", text, ""), null);
        if (Arguments.Length > 0)
            yield return Chunk(Delta(null, "", "", Arguments), null);
        yield return Chunk([], Reason("tool_calls", "stop"));
        yield return Frame(null, new JsonObject { ["id"] = "up-1", ["object"] = "chat.completion.chunk", ["created"] = 1734999999, ["model"] = "alpha-7", ["choices"] = new JsonArray(), ["usage"] = ChatUsage() });
        yield return Answers.Done;
    }

    private static JsonObject Delta(string? role, string thoughts, string text, string arguments)
    {
        var delta = new JsonObject();
        if (role is not null)
            delta["role"] = role;
        if (thoughts.Length > 0)
            delta["reasoning_content"] = thoughts;
        if (text.Length > 0 || role is not null)
            delta["content"] = text;
        if (arguments.Length > 0)
            delta["tool_calls"] = new JsonArray(new JsonObject { ["index"] = 0, ["id"] = "call_9", ["type"] = "function", ["function"] = new JsonObject { ["name"] = Tool, ["arguments"] = arguments } });
        return delta;
    }

    private static string Chunk(JsonObject delta, string? reason) => Frame(null, new JsonObject
    {
        ["id"] = "up-1", ["object"] = "chat.completion.chunk", ["created"] = 1734999999, ["model"] = "alpha-7",
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = reason }),
    });

    private JsonObject ChatUsage() => new()
    {
        ["prompt_tokens"] = Input + Cached, ["completion_tokens"] = Output, ["total_tokens"] = Input + Cached + Output,
        ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = Cached }, ["completion_tokens_details"] = new JsonObject { ["reasoning_tokens"] = Reasoning },
    };

    private JsonObject WholeMessages()
    {
        var content = new JsonArray();
        if (Thoughts.Length > 0)
            content.Add(new JsonObject { ["type"] = "thinking", ["thinking"] = Thoughts, ["signature"] = "c2ln" });
        if (Texts.Count > 0)
            content.Add(new JsonObject { ["type"] = "text", ["text"] = string.Concat(Texts) });
        if (Arguments.Length > 0)
            content.Add(new JsonObject { ["type"] = "tool_use", ["id"] = "toolu_9", ["name"] = Tool, ["input"] = JsonNode.Parse(Arguments) });
        return new JsonObject
        {
            ["id"] = "msg_up", ["type"] = "message", ["role"] = "assistant", ["model"] = "claude-x-1", ["content"] = content, ["stop_reason"] = Reason("tool_use", "end_turn"), ["stop_sequence"] = null,
            ["usage"] = new JsonObject { ["input_tokens"] = Input, ["cache_read_input_tokens"] = Cached, ["output_tokens"] = Output },
        };
    }

    private IEnumerable<string> StreamMessages()
    {
        var whole = WholeMessages();
        var content = whole["content"]!.AsArray();
        whole["content"] = new JsonArray();
        whole["stop_reason"] = null;
        yield return Frame("message_start", new JsonObject { ["message"] = whole });
        for (var at = 0; at < content.Count; at++)
        {
            var (block, deltas) = Empty(content[at]!.AsObject());
            yield return Frame("content_block_start", new JsonObject { ["index"] = at, ["content_block"] = block });
            foreach (var delta in deltas)
                yield return Frame("content_block_delta", new JsonObject { ["index"] = at, ["delta"] = delta });
            yield return Frame("content_block_stop", new JsonObject { ["index"] = at });
        }
        yield return Frame("message_delta", new JsonObject { ["delta"] = new JsonObject { ["stop_reason"] = Reason("tool_use", "end_turn"), ["stop_sequence"] = null }, ["usage"] = new JsonObject { ["output_tokens"] = Output } });
        yield return Frame("message_stop", []);
    }

    /// <summary>A block as its stream begins it, and what follows.</summary>
    private (JsonObject Block, IEnumerable<JsonObject> Deltas) Empty(JsonObject block) => (string)block["type"]! switch
    {
        "thinking" => (new JsonObject { ["type"] = "thinking", ["thinking"] = "", ["signature"] = "" },
            [new JsonObject { ["type"] = "thinking_delta", ["thinking"] = Thoughts }, new JsonObject { ["type"] = "signature_delta", ["signature"] = "c2ln" }]),
        "text" => (new JsonObject { ["type"] = "text", ["text"] = "" }, Texts.Select(text => new JsonObject { ["type"] = "text_delta", ["text"] = text })),
        _ => (new JsonObject { ["type"] = "tool_use", ["id"] = "toolu_9", ["name"] = Tool, ["input"] = new JsonObject() }, [new JsonObject { ["type"] = "input_json_delta", ["partial_json"] = Arguments }]),
    };

    private string Reason(string call, string end) => Arguments.Length > 0 ? call : end;

    private static string Frame(string? name, JsonObject data)
    {
        if (name is null)
            return $"data: {data.ToJsonString()}\n\n";
        data.Insert(0, "type", name);
        return $"event: {name}\ndata: {data.ToJsonString()}\n\n";
    }
}
