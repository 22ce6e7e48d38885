using System.Text.Json.Nodes;

namespace Milliways.EndToEnd.Support;

/// <summary>Request bodies, short to write.</summary>
internal static class Talk
{
    public const string System = "You are Grok, a chatbot inspired by the Hitchhiker's Guide to the Galaxy.";

    /// <summary>A body for Chat or Messages: one user turn, greedy, and what else is given.</summary>
    public static JsonObject About(string user, int maxTokens = 16, params (string Name, JsonNode? Value)[] more)
    {
        var body = new JsonObject
        {
            ["model"] = "grok-beta",
            ["messages"] = new JsonArray(Turn("user", user)),
            ["temperature"] = 0,
            ["max_tokens"] = maxTokens,
        };
        foreach (var (name, value) in more)
            body[name] = value;
        return body;
    }

    /// <summary>A stream that lasts: it counts until its tokens are used up, which takes far longer than a test needs it.</summary>
    public static JsonObject Long(string user = "Tell me a very long story about a ship, a whale and a towel.", int maxTokens = 4000) =>
        About(user, maxTokens, ("stream", true), ("logit_bias", new JsonObject { ["2"] = -100, ["0"] = -100 }));

    public static JsonArray Turns(params (string Role, string Text)[] turns) => new([.. turns.Select(turn => Turn(turn.Role, turn.Text))]);

    public static JsonObject Turn(string role, string text) => new() { ["role"] = role, ["content"] = text };
}
