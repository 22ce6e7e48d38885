using System.Text;
using System.Text.Json;
using Milliways.Tests.Faults.Callers;
using Milliways.Tests.Support;
using Milliways.Tests.Support.Upstreams;

namespace Milliways.Tests.Hostile;

/// <summary>Bodies that no client should send, at every front: a clear error in the caller's dialect, and nothing reaches an upstream.</summary>
public sealed class HostileBodyTests
{
    public static TheoryData<string> Fronts => [.. Caller.All.Select(caller => caller.Name)];

    /// <summary>What stands in place of {}: the rest of the body is a good request.</summary>
    private static readonly (string Name, Func<string, byte[]> Body)[] Bad =
    [
        ("byte order mark at the start", ask => [.. "\uFEFF"u8, .. Utf8(ask)]),
        ("UTF-16", ask => Encoding.Unicode.GetBytes(ask)),
        ("a byte that is no UTF-8", ask => [.. Utf8(ask[..^1]), .. ",\"user\":\""u8, 0xFF, .. "\"}"u8]),
        ("half a character", ask => [.. Utf8(ask[..^1]), .. ",\"user\":\""u8, 0xE7, 0x94, .. "\"}"u8]),
        ("an overlong slash", ask => [.. Utf8(ask[..^1]), .. ",\"user\":\""u8, 0xC0, 0xAF, .. "\"}"u8]),
        ("a surrogate in UTF-8", ask => [.. Utf8(ask[..^1]), .. ",\"user\":\""u8, 0xED, 0xA0, 0x80, .. "\"}"u8]),
        ("half a surrogate pair in a name", ask => With(ask, "\"\\ud800\":1")),
        ("a duplicate name", ask => With(ask, "\"model\":\"lab/other\"")),
        ("a duplicate name, escaped", ask => With(ask, "\"mod\\u0065l\":\"lab/other\"")),
        ("a duplicate name, all escaped", ask => With(ask, "\"\\u006d\\u006f\\u0064\\u0065\\u006c\":\"lab/other\"")),
        ("text behind the end", ask => Utf8(ask + " x")),
        ("another object behind the end", ask => Utf8(ask + ask)),
        ("a zero byte behind the end", ask => Utf8(ask + "\0")),
        ("NaN", ask => With(ask, "\"temperature\":NaN")),
        ("Infinity", ask => With(ask, "\"temperature\":Infinity")),
        ("-Infinity", ask => With(ask, "\"temperature\":-Infinity")),
        ("a hexadecimal number", ask => With(ask, "\"seed\":0x10")),
        ("a leading zero", ask => With(ask, "\"seed\":007")),
        ("a plus sign", ask => With(ask, "\"seed\":+7")),
        ("a comment", ask => With(ask, "/* c */ \"seed\":7")),
        ("single quotes", ask => With(ask, "'seed':7")),
        ("a comma at the end", ask => Utf8(ask[..^1] + ",}")),
        ("a line feed in a text", ask => With(ask, "\"user\":\"a\nb\"")),
        ("an unknown escape", ask => With(ask, "\"user\":\"\\x41\"")),
        ("depth 65", ask => With(ask, "\"metadata\":" + Deep(64))),
        ("depth 257 in a tool's schema", ask => Utf8(ask.Replace("\"properties\":{", "\"properties\":{\"deep\":" + Deep(257) + ",", StringComparison.Ordinal))),
        ("a million brackets", ask => With(ask, "\"metadata\":" + new string('[', 1_000_000))),
        ("half of itself", ask => Utf8(ask[..(ask.Length / 2)])),
        ("nothing", _ => []),
        ("white space", _ => "  \r\n "u8.ToArray()),
        ("a text", _ => "\"model\""u8.ToArray()),
        ("a list", ask => Utf8($"[{ask}]")),
    ];

    [Theory]
    [MemberData(nameof(Fronts))]
    public async Task Bad_bodies_are_refused_as_the_callers_fault_and_no_upstream_sees_them(string front)
    {
        var caller = Caller.All.Single(each => each.Name == front);
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Wire.OpenAiChat.TextWhole));
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);
        var wrong = new List<string>();
        foreach (var streamed in new[] { false, true })
            foreach (var (name, body) in Bad)
            {
                await client.PostAsync(caller.Path(server), body(caller.Ask("lab/alpha", streamed)));
                var head = await client.HeadAsync();
                var text = await client.RestTextAsync();
                if (head.Status is not (400 or 422) || head.Header("x-milliways-failed") != "client, body")
                    wrong.Add($"{name}: {head.Status} {head.Header("x-milliways-failed")} {text}");
                else
                    caller.CheckError(JsonDocument.Parse(text).RootElement, head.Status);
            }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Empty(lab.Received);
    }

    /// <summary>Odd, but JSON: whether the upstream likes it is its own affair, and the connection lives on.</summary>
    [Theory]
    [MemberData(nameof(Fronts))]
    public async Task Odd_bodies_are_answered(string front)
    {
        var caller = Caller.All.Single(each => each.Name == front);
        var wire = Wire.All.First(each => each.Dialect == caller.Dialect);
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(wire.TextWhole));
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "lab": {{wire.Config(lab.Url, "{}")}} } }""");
        await using var client = await RawClient.ConnectAsync(server);
        foreach (var more in new[]
        {
            "\"x\":1e400", "\"x\":-1e-400", "\"x\":123456789012345678901234567890", "\"x\":-0", "\"x\":\"\\ud800\"", "\"x\":\"\\u0000\"", "\"x\":{\"a\":1,\"a\":2}", "\"\":1",
            "\"metadata\":" + Deep(60), "\"x\":\"" + new string('a', 3_000_000) + "\"",
        })
        {
            await client.PostAsync(caller.Path(server), With(caller.Ask("lab/alpha", stream: false), more));
            var head = await client.HeadAsync();
            var answer = await client.RestTextAsync();
            Assert.True(head.Status == 200, $"{more[..Math.Min(more.Length, 60)]}: {answer}");
            caller.ReadWhole(JsonDocument.Parse(answer).RootElement);
            Assert.Contains(more, lab.Last.Text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Fronts))]
    public async Task A_client_that_waits_for_100_continue_is_told_to_go_on_or_refused_before_it_sends(string front)
    {
        var caller = Caller.All.Single(each => each.Name == front);
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Wire.OpenAiChat.TextWhole));
        await using var server = await TestServer.WithLabAsync(lab);
        var body = Utf8(caller.Ask("lab/alpha", stream: false));
        foreach (var (key, length) in new[] { (server.Key, body.Length), ("xai-mw-wrong", body.Length), (server.Key, 40 << 20) })
        {
            await using var client = await RawClient.ConnectAsync(server);
            await client.SendAsync($"POST {caller.Path(server)} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n");
            var head = await client.HeadAsync();
            if (key != server.Key || length != body.Length)
            {
                Assert.InRange(head.Status, 400, 413);
                caller.CheckError(JsonDocument.Parse(await client.RestAsync()).RootElement, head.Status);
                continue;
            }
            Assert.Equal(100, head.Status);
            await client.SendAsync(body);
            Assert.Equal(200, (await client.HeadAsync()).Status);
        }
        Assert.Single(lab.Received);
    }

    private static byte[] With(string ask, string member) => Utf8($"{ask[..^1]},{member}}}");

    private static string Deep(int levels) => new string('[', levels) + new string(']', levels);

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
