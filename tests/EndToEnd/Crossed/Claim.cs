using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support.Scripted;

namespace Milliways.EndToEnd.Crossed;

/// <summary>
/// What must hold for every client in front of every upstream. A client tells of a call: <c>text</c>, <c>ending</c>, <c>input</c> and <c>output</c>
/// (tokens), <c>reasoning</c>, <c>pieces</c> (of a stream), <c>calls</c> (of functions), <c>object</c> (structured output), <c>ms</c>, or
/// <c>raised</c> (name and status), or <c>incomplete</c>.
/// </summary>
/// <param name="Model">The script that the upstream plays.</param>
internal sealed record Claim(string Name, string Model, Action<JsonObject, Client, string> Check)
{
    private static readonly string[] Calls = ["""get_weather {"city":"Zürich"}""", """get_time {"zone":"CET"}"""];

    public static IReadOnlyList<Claim> All { get; } =
    [
        new("chat", "good", Answered),
        new("stream", "good", Streamed),
        new("final", "good", Answered),
        new("tools", "good", Called),
        new("tools, streamed", "good", Called),
        new("schema", "good", Structured),
        new("schema, streamed", "good", Structured),
        new("picture", "good", (result, _, _) => Said($"I see image/png of {Tests.Support.ImageFiles.Png.Length} bytes.", result)),
        // Gemini takes no addresses: the gateway fetches.
        new("picture by address", "good", (result, _, upstream) => Assert.Matches(upstream == "google" ? "^I see image/png of [0-9]+ bytes.$" : "^I see http://.*/towel.png.$", Word(result, "text"))),
        new("reasoning", "thinks", Thought),
        new("reasoning, streamed", "thinks", Thought),
        new("Retry-After", "limited", (result, _, _) =>
        {
            Said(ScriptedUpstream.Text, result);
            // The packages' own first waits are shorter (0.5 s less up to a quarter); LangChain's and the AI SDK's are longer, and theirs obey too.
            Assert.True(result["ms"]!.GetValue<int>() >= 950, $"The client asked again after {result["ms"]} ms.");
        }),
        new("retry of a 503", "shaky", (result, _, _) => Said(ScriptedUpstream.Text, result)),
        new("429", "busy", (result, client, _) => Raised(result, client, 429)),
        new("400", "bad", (result, client, _) => Raised(result, client, 400)),
        new("upstream 401", "locked", (result, client, _) => Raised(result, client, 502)),
        new("500", "broken", (result, client, _) => Raised(result, client, 500)),
        new("cut", "cut", (result, _, _) => Assert.True((result["raised"] ?? result["incomplete"]) is not null, $"A cut stream was taken for an answer: {result.ToJsonString()}")),
    ];

    public override string ToString() => Name;

    private static void Answered(JsonObject result, Client client, string upstream)
    {
        Said(ScriptedUpstream.Text, result);
        Assert.Equal((client.Complete, 12, 7), (Word(result, "ending"), Number(result, "input"), Number(result, "output")));
    }

    private static void Streamed(JsonObject result, Client client, string upstream)
    {
        Answered(result, client, upstream);
        Assert.Equal(4, Number(result, "pieces"));
    }

    private static void Called(JsonObject result, Client client, string upstream)
    {
        Said("The tools say: 18 °C; 12:00.", result);
        Assert.Equal(Calls, result["calls"]!.AsArray().Select(call => call!.GetValue<string>()));
    }

    private static void Structured(JsonObject result, Client client, string upstream) =>
        Assert.True(JsonNode.DeepEquals(new JsonObject { ["city"] = "Zürich", ["degrees"] = 42.5, ["sunny"] = true }, result["object"]), result.ToJsonString());

    private static void Thought(JsonObject result, Client client, string upstream)
    {
        Said(ScriptedUpstream.Text, result);
        Assert.Equal(ScriptedUpstream.Reasoning, Word(result, "reasoning"));
    }

    private static void Raised(JsonObject result, Client client, int status)
    {
        var raised = result["raised"];
        Assert.True(raised is not null, $"Nothing was raised: {result.ToJsonString()}");
        Assert.Equal((client.Raises(status), status), (raised["name"]!.GetValue<string>(), raised["status"]?.GetValue<int>()));
    }

    private static void Said(string text, JsonObject result) => Assert.True(Word(result, "text") == text, $"Wanted: {text}\nGiven: {result.ToJsonString()}");

    private static string? Word(JsonObject result, string name) => result[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static int? Number(JsonObject result, string name) => result[name]?.GetValue<int>();
}
