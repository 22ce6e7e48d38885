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
        // Scripted refusals are the upstream's here: the first try of each upstream, not of each client.
        if (recorded.IsScripted)
            return new Expectation(200);
        if (recorded.Status != 200 || recorded.Body is null)
            return new Expectation(recorded.Status);
        return recorded.Body switch
        {
            // What cannot be said upstream is refused, naming the field (docs/capabilities.md).
            { } body when Any(body, "n") && upstream is "openai-responses" or "anthropic" => new Expectation(400, "n"),
            _ => new Expectation(200),
        };
    }

    private static bool Any(JsonObject body, string name) => body[name] is not null;
}
