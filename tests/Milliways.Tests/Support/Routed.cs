using Milliways.Exchanges;

namespace Milliways.Tests.Support;

/// <summary>Servers whose model <c>both</c> is served by several fake upstreams a, b, c.</summary>
internal static class Routed
{
    /// <param name="fakes">a, b, c in order, all of one Chat dialect.</param>
    /// <param name="clock">Null: the system's.</param>
    /// <param name="model">More members of the model, such as <c>, "order": "weighted"</c>.</param>
    /// <param name="upstream">More members of each upstream.</param>
    public static Task<TestServer> StartAsync(FakeUpstream[] fakes, TimeProvider? clock = null, string model = "", string upstream = "")
    {
        var upstreams = fakes.Select((fake, i) => $$""" "{{Name(i)}}": { "dialect": "openai-chat", "baseUrl": "{{fake.Url}}/v1" {{upstream}} } """);
        var attempts = fakes.Select((_, i) => $$"""{ "upstream": "{{Name(i)}}", "model": "m" }""");
        return TestServer.StartAsync($$"""
            { "upstreams": { {{string.Join(',', upstreams)}} }, "models": { "both": { "attempts": [ {{string.Join(',', attempts)}} ] {{model}} } } }
            """, clock);
    }

    public static string Name(int index) => ((char)('a' + index)).ToString();

    public static Func<UpstreamTurn, Task> Status(int status, params string[] headers) =>
        turn => turn.WholeAsync("""{"error":{"message":"said so","type":"any"}}""", status, headers: headers);

    /// <summary>A good answer, whole or streamed as it was asked for.</summary>
    public static Task GoodAsync(UpstreamTurn turn) =>
        turn.Request.Text.Contains("\"stream\":true", StringComparison.Ordinal) ? turn.StreamAsync(Answers.ChatStream) : turn.WholeAsync(Answers.Chat);

    /// <summary>What a caller sees of <see cref="GoodAsync"/>.</summary>
    public static string Good(bool stream) => stream ? Answers.Role + Answers.Chunk("Hi") + Answers.Finish + Answers.Done : Answers.Chat;

    /// <summary>Who is avoided and for how many seconds, as /readyz tells it: <c>a/m:10 b/m:0</c>.</summary>
    public static async Task<string> AvoidedAsync(TestServer server)
    {
        var parts = (await server.GetAsync("/readyz")).Json;
        return parts.GetProperty("upstreams").TryGetProperty("avoided", out var avoided)
            ? string.Join(' ', avoided.EnumerateArray().Select(one => $"{one.GetProperty("upstream").GetString()}:{one.GetProperty("retry_in_seconds").GetDouble()}")) : "";
    }

    /// <summary>Completes when no exchange is open.</summary>
    public static Task AllEndedAsync(TestServer server) => Task.Run(async () =>
    {
        while (server.Service<OpenExchanges>().Count > 0)
            await Task.Yield();
    }).Soon();
}
