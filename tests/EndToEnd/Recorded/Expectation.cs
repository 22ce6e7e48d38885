using System.Text.Json.Nodes;

namespace Milliways.EndToEnd.Recorded;

/// <summary>The status of an answer, and the field that a refusal must name.</summary>
internal sealed record Expectation(int Status, string? Field = null)
{
    public static Expectation Of(RecordedRequest recorded, string upstream)
    {
        // The path without /v1 works here, while the stand-in had none.
        if (recorded is { Path: "/chat/completions", Status: 404 })
            return new Expectation(200);
        // The first try was refused by a script, which is the upstream's here.
        if (recorded is { IsScripted: true, Status: not 200 })
            return new Expectation(500);
        if (recorded.Status != 200 || recorded.Body is null)
            return new Expectation(recorded.Status);
        return recorded.Body switch
        {
            // What cannot be said upstream is refused, naming the field (docs/capabilities.md).
            { } body when Any(body, "n") && upstream is "openai-responses" or "anthropic" => new Expectation(400, "n"),
            { } body when (Any(body, "stop") || Any(body, "stop_sequences")) && upstream == "openai-responses" => new Expectation(400, "top"),
            { } body when (body["tools"] as JsonArray) is [{ } tool, ..] && tool["type"]?.GetValue<string>() == "web_search" && upstream != "openai-responses" => new Expectation(400, "tools[0].type"),
            _ => new Expectation(200),
        };
    }

    private static bool Any(JsonObject body, string name) => body[name] is not null;
}
