using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges.Attempts;

/// <summary>Turns of one conversation go where its prompt is cached, however the client tells conversations apart.</summary>
public sealed class AffinityTests
{
    private const int Conversations = 24;
    private const string Chat = "/v1/chat/completions";

    private static readonly string Long = new('x', 5000);

    /// <summary>How each client says which conversation it is: path, body and header for conversation n, turn t.</summary>
    private static readonly Dictionary<string, Func<int, int, (string Path, string Body, string Header)>> Ways = new()
    {
        ["prompt_cache_key"] = (n, t) => (Chat, Answers.Ask("both", more: $",\"prompt_cache_key\":\"key-{n}\",\"user\":\"{t}\""), ""),
        ["x-grok-conv-id"] = (n, _) => (Chat, Answers.Ask("both"), $"x-grok-conv-id:conv-{n}"),
        ["x-claude-code-session-id"] = (n, _) => ("/v1/messages", Answers.Say("both"), $"x-claude-code-session-id:s-{n}"),
        ["x-session-id"] = (n, _) => (Chat, Answers.Ask("both"), $"x-session-id:s-{n}"),
        ["session_id"] = (n, _) => (Chat, Answers.Ask("both"), $"session_id:s-{n}"),
        ["user_id with a session"] = (n, t) => ("/v1/messages", Answers.Say("both", more: $",\"metadata\":{{\"a\":[1],\"user_id\":\"user_{t}_account__session_{n}\"}}"), ""),
        ["user_id that is an object"] = (n, t) => ("/v1/messages", Answers.Say("both", more: $",\"metadata\":{{\"user_id\":\"{{\\\"device_id\\\":\\\"{t}\\\",\\\"session_id\\\":\\\"s{n}\\\",\\\"x\\\":\\\"{t}\\\"}}\"}}"), ""),
        ["beginning of a chat"] = (n, t) => (Chat, Turn(n, t, Message("developer", Long)), ""),
        ["beginning of a response"] = (n, t) => ("/v1/responses", Turn(n, t, "", $",\"instructions\":\"{Long}\"").Replace("\"messages\"", "\"input\"", StringComparison.Ordinal), ""),
        ["beginning of messages"] = (n, t) => ("/v1/messages", Turn(n, t, "", $",\"max_tokens\":9,\"system\":\"{Long}\""), ""),
    };

    public static TheoryData<string> Names => [.. Ways.Keys];

    private static string Message(string role, string text) => $$"""{"content":"{{text}}","role":"{{role}}"}""";

    private static string Turn(int conversation, int turn, string before, string more = "") =>
        $$"""{"model":"both","messages":[{{(before.Length > 0 ? before + "," : "")}}{{Message("user", $"Question {conversation}")}}{{string.Concat(Enumerable.Range(0, turn).Select(i => "," + Message("assistant", $"A{i}") + "," + Message("user", $"Q{i}")))}}]{{more}}}""";

    private static async Task<string> WhereAsync(TestServer server, (string Path, string Body, string Header) ask)
    {
        var (name, value) = ask.Header.Split(':') is [var first, var second] ? (first, second) : ("x-none", "");
        return (await server.PostAsync(ask.Path, ask.Body, (name, value))).Header("x-milliways-upstream")!;
    }

    private static async Task<List<string>> PlacesAsync(TestServer server, string way, int turn)
    {
        var places = new List<string>();
        for (var n = 0; n < Conversations; n++)
            places.Add(await WhereAsync(server, Ways[way](n, turn)));
        return places;
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_turn_of_a_conversation_goes_to_one_upstream_and_conversations_to_several(string way)
    {
        await using var a = new FakeUpstream();
        await using var b = new FakeUpstream();
        await using var server = await Routed.StartAsync([a, b], model: ", \"order\": \"weighted\"");

        var places = await PlacesAsync(server, way, turn: 0);

        for (var turn = 1; turn < 4; turn++)
            Assert.Equal(places, await PlacesAsync(server, way, turn));
        Assert.Equal(["a/m", "b/m"], places.Distinct().Order());
    }

    [Fact]
    public async Task One_that_fails_moves_its_conversations_and_gets_them_back()
    {
        var clock = new ManualTime();
        await using var a = new FakeUpstream();
        await using var b = new FakeUpstream();
        await using var c = new FakeUpstream();
        await using var server = await Routed.StartAsync([a, b, c], clock, model: ", \"order\": \"weighted\", \"retries\": 0", upstream: ", \"breaker\": { \"failures\": 1, \"open\": \"10s\" }");
        var before = await PlacesAsync(server, "session_id", 0);
        b.Standing = Routed.Status(500);

        var without = await PlacesAsync(server, "session_id", 0);

        Assert.Equal(before.Count(place => place == "b/m") + 1, b.Received.Count); // one failure, then it is avoided
        foreach (var (was, now) in before.Zip(without))
            Assert.True(was == "b/m" ? now is "a/m" or "c/m" : now == was, $"{was} went to {now}");
        b.Standing = turn => turn.WholeAsync(Answers.Chat);
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(before, await PlacesAsync(server, "session_id", 0));
    }

    [Fact]
    public async Task Short_questions_without_a_session_are_shared_out()
    {
        await using var a = new FakeUpstream();
        await using var b = new FakeUpstream();
        await using var server = await Routed.StartAsync([a, b], model: ", \"order\": \"weighted\"");
        for (var i = 0; i < 64; i++)
            await server.PostAsync(Chat, Answers.Ask("both"));
        // That one of them got none has a chance of 2 in 2^64.
        Assert.True(a.Received.Count > 0 && b.Received.Count > 0);
    }

    [Fact]
    public async Task Priority_knows_no_sessions()
    {
        await using var a = new FakeUpstream();
        await using var b = new FakeUpstream();
        await using var server = await Routed.StartAsync([a, b]);
        Assert.All(await PlacesAsync(server, "prompt_cache_key", 0), place => Assert.Equal("a/m", place));
    }

    [Fact]
    public async Task The_fastest_is_preferred_once_both_are_known()
    {
        var clock = new ManualTime();
        await using var slow = new FakeUpstream(turn =>
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            return Routed.GoodAsync(turn);
        });
        await using var fast = new FakeUpstream(turn =>
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            return Routed.GoodAsync(turn);
        });
        await using var server = await Routed.StartAsync([slow, fast], clock, model: ", \"order\": \"leastLatency\"");
        while (slow.Received.Count == 0 || fast.Received.Count == 0)
            await server.PostAsync(Chat, Answers.Ask("both", stream: true));

        var before = slow.Received.Count;
        for (var i = 0; i < 20; i++)
            Assert.Equal("b/m", (await server.PostAsync(Chat, Answers.Ask("both", stream: true))).Header("x-milliways-upstream"));
        Assert.Equal(before, slow.Received.Count);
    }
}
