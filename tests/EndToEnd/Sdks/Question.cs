using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Sdks;

/// <summary>What a client is to ask; always greedy.</summary>
internal sealed record Question(params (string Role, string Text)[] Turns)
{
    public string? System { get; init; }

    public int MaxTokens { get; init; } = 16;

    public string? Stop { get; init; }

    public string Model { get; init; } = "grok-beta";

    public bool Streamed { get; init; }

    public static Question Of(string user) => new(("user", user));

    /// <summary>Goes on for minutes.</summary>
    public static Question Endless => Of("Write the numbers from 1 to 1000, each on its own line, without stopping.") with { MaxTokens = 4000, Streamed = true };

    public JsonObject Chat()
    {
        var body = Common();
        body["messages"] = Talk.Turns([.. System is null ? [] : new[] { ("system", System) }, .. Turns]);
        if (Stop is not null)
            body["stop"] = new JsonArray(Stop);
        return body;
    }

    public JsonObject Messages()
    {
        var body = Common();
        body["messages"] = Talk.Turns(Turns);
        if (System is not null)
            body["system"] = System;
        if (Stop is not null)
            body["stop_sequences"] = new JsonArray(Stop);
        return body;
    }

    private JsonObject Common()
    {
        var body = new JsonObject { ["model"] = Model, ["max_tokens"] = MaxTokens, ["temperature"] = 0 };
        if (Streamed)
            body["stream"] = true;
        return body;
    }
}

/// <summary>What a client made of an answer: its text and the client's own word for how it ended.</summary>
internal sealed record Reply(string Text, string? Ending)
{
    /// <param name="value">A Chat answer, or the list of a stream's chunks.</param>
    public static Reply OfChat(JsonNode value)
    {
        if (value is not JsonArray chunks)
            return new Reply(Word(value["choices"]![0]!["message"]!["content"])!, Word(value["choices"]![0]!["finish_reason"]));
        var choices = chunks.Select(chunk => chunk!["choices"]?.AsArray() is [{ } choice, ..] ? choice : null).Where(choice => choice is not null).ToList();
        return new Reply(string.Concat(choices.Select(choice => Word(choice!["delta"]!["content"]))), choices.Select(choice => Word(choice!["finish_reason"])).LastOrDefault(reason => reason is not null));
    }

    /// <param name="value">A message, or the list of a stream's events.</param>
    public static Reply OfMessages(JsonNode value)
    {
        if (value is not JsonArray events)
            return new Reply(string.Concat(value["content"]!.AsArray().Select(block => Word(block!["text"]))), Word(value["stop_reason"]));
        return new Reply(string.Concat(events.Select(item => Word(item!["delta"]?["text"]))), events.Select(item => Word(item!["delta"]?["stop_reason"])).LastOrDefault(reason => reason is not null));
    }

    private static string? Word(JsonNode? node) => node?.GetValue<string>();
}

/// <summary>What a client raised: its own name for it, the status and the text that its caller sees.</summary>
internal sealed record Refusal(string Kind, int Status, string Text);
