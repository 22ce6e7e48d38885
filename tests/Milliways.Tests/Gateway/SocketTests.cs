using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Milliways.Gateway.Settings;
using Milliways.Teams;
using Milliways.Tests.Credits;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>Universal requests over a WebSocket (cloudflare 1.9).</summary>
public sealed class SocketTests
{
    private static string Create(string eventId, string query, string provider = "openai", string headers = """{"Authorization":"Bearer sk-step"}""") =>
        $$"""{"type":"universal.create","request":{"eventId":"{{eventId}}","provider":"{{provider}}","endpoint":"chat/completions","headers":{{headers}},"query":{{query}}} }""";

    private static async Task<TestSocket> OpenAsync(TestServer server, string slash = "") => await TestSocket.OpenAsync(server, server.Gateway + slash, options => options.SetRequestHeader("cf-aig-authorization", "Bearer " + server.Key));

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    public async Task A_whole_answer_is_one_message(string slash)
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        await using var socket = await OpenAsync(server, slash);
        await socket.SendAsync(Create("my-event", Answers.Ask("gpt")));
        var message = await socket.ReadAsync();
        Assert.Equal("universal.created", message.GetProperty("type").GetString());
        var metadata = message.GetProperty("metadata");
        Assert.Equal((false, "my-event", "0", "application/json"), // without a cache there is no such header either
            (metadata.TryGetProperty("cacheStatus", out _), metadata.GetProperty("eventId").GetString(), metadata.GetProperty("step").GetString(), metadata.GetProperty("contentType").GetString()));
        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-7", metadata.GetProperty("logId").GetString());
        Assert.Equal(Answers.Chat, message.GetProperty("response").GetRawText());
        Assert.Equal(("POST", "/api.openai.com/v1/chat/completions", "Bearer sk-step", Answers.Ask("gpt")), (provider.Last.Method, provider.Last.Target, provider.Last.Header("Authorization"), provider.Last.Text));
        Assert.DoesNotContain(server.Key, provider.Last.Head, StringComparison.Ordinal);
        await socket.CloseAsync();
        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.Closed);
    }

    [Fact]
    public async Task A_stream_is_a_beginning_its_chunks_and_an_end()
    {
        await using var provider = new FakeUpstream(turn => turn.StreamAsync(Answers.ChatStream));
        await using var server = await GatewayServers.StartAsync(provider);
        await using var socket = await OpenAsync(server);
        await socket.SendAsync(Create("e", Answers.Ask("gpt", stream: true, more: ",\"stream_options\":{\"include_usage\":true}")));
        var begun = await socket.ReadAsync();
        Assert.Equal(("universal.created", "text/event-stream", false), (begun.GetProperty("type").GetString(), begun.GetProperty("metadata").GetProperty("contentType").GetString(), begun.TryGetProperty("response", out _)));
        foreach (var chunk in Answers.ChatStream[..^1])
        {
            var piece = await socket.ReadAsync();
            Assert.Equal(("universal.stream", """{"eventId":"e"}""", chunk["data: ".Length..].Trim()), (piece.GetProperty("type").GetString(), piece.GetProperty("metadata").GetRawText(), piece.GetProperty("response").GetRawText()));
        }
        var done = await socket.ReadAsync();
        Assert.Equal(("universal.done", "e", "0"), (done.GetProperty("type").GetString(), done.GetProperty("metadata").GetProperty("eventId").GetString(), done.GetProperty("metadata").GetProperty("step").GetString()));
        Assert.Equal(begun.GetProperty("metadata").GetRawText(), done.GetProperty("metadata").GetRawText());
    }

    [Fact]
    public async Task Many_requests_run_beside_each_other_and_each_says_whose_answer_it_is()
    {
        var door = new Gate();
        await using var provider = new FakeUpstream(async turn =>
        {
            if (turn.Request.Text.Contains("slow", StringComparison.Ordinal))
                await door.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        });
        await using var server = await GatewayServers.StartAsync(provider);
        await using var socket = await OpenAsync(server);
        await socket.SendAsync(Create("first", Answers.Ask("slow")));
        await socket.SendAsync(Create("second", Answers.Ask("quick")));
        Assert.Equal("second", (await socket.ReadAsync()).GetProperty("metadata").GetProperty("eventId").GetString());
        door.Open();
        Assert.Equal("first", (await socket.ReadAsync()).GetProperty("metadata").GetProperty("eventId").GetString());
    }

    [Fact]
    public async Task Several_steps_stand_for_each_other_here_too()
    {
        await using var provider = new FakeUpstream();
        provider.Then(turn => turn.WholeAsync("{}", 500));
        await using var server = await GatewayServers.StartAsync(provider);
        await using var socket = await OpenAsync(server);
        await socket.SendAsync($$"""
            {"type":"universal.create","request":[{"provider":"openai","endpoint":"chat/completions","headers":{},"query":{{Answers.Ask("a")}} },{"provider":"groq","endpoint":"chat/completions","headers":{},"query":{{Answers.Ask("b")}} }]}
            """);
        Assert.Equal("1", (await socket.ReadAsync()).GetProperty("metadata").GetProperty("step").GetString());
    }

    [Theory]
    [InlineData("nothing", "not JSON")]
    [InlineData("[]", "object with type and request")]
    [InlineData("""{"type":"ping"}""", "type must be universal.create")]
    [InlineData("""{"type":"universal.create"}""", "request is missing")]
    [InlineData("""{"type":"universal.create","request":{"provider":"openai"}}""", "endpoint is missing")]
    public async Task What_is_wrong_is_told_in_a_message_and_the_socket_stays(string sent, string told)
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        await using var socket = await OpenAsync(server);
        await socket.SendAsync(sent);
        var error = await socket.ReadAsync();
        Assert.Equal(("universal.error", 400), (error.GetProperty("type").GetString(), error.GetProperty("metadata").GetProperty("status").GetInt32()));
        Assert.Equal(("AiGatewayError", 7001), (error.GetProperty("response").GetProperty("name").GetString(), error.GetProperty("response").GetProperty("internalCode").GetInt32()));
        Assert.Contains(told, error.GetProperty("response").GetProperty("message").GetString(), StringComparison.Ordinal);
        await socket.SendAsync(Create("e", Answers.Ask("gpt")));
        Assert.Equal("universal.created", (await socket.ReadAsync()).GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_providers_error_and_a_broken_stream_are_errors_with_their_event()
    {
        await using var provider = new FakeUpstream();
        provider.Then(turn => turn.WholeAsync("""{"error":"busy"}""", 503)).Then(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            turn.Reset();
        });
        await using var server = await GatewayServers.StartAsync(provider);
        await using var socket = await OpenAsync(server);
        await socket.SendAsync(Create("e", Answers.Ask("gpt")));
        var refused = await socket.ReadAsync();
        Assert.Equal(("universal.error", "e", 503, """{"error":"busy"}"""), (refused.GetProperty("type").GetString(), refused.GetProperty("metadata").GetProperty("eventId").GetString(),
            refused.GetProperty("metadata").GetProperty("status").GetInt32(), refused.GetProperty("response").GetRawText()));
        await socket.SendAsync(Create("f", Answers.Ask("gpt", stream: true)));
        JsonElement last;
        do
            last = await socket.ReadAsync();
        while (last.GetProperty("type").GetString() is "universal.created" or "universal.stream");
        Assert.Equal(("universal.error", "f", 2005), (last.GetProperty("type").GetString(), last.GetProperty("metadata").GetProperty("eventId").GetString(), last.GetProperty("response").GetProperty("internalCode").GetInt32()));
    }

    [Fact]
    public async Task A_token_comes_in_a_header_or_among_the_subprotocols_and_without_one_there_is_no_socket()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        await using (var raw = await TestSocket.OpenAsync(server, server.Gateway, options => options.SetRequestHeader("cf-aig-authorization", server.Key)))
            Assert.Null(raw.Protocol);
        await using (var browser = await TestSocket.OpenAsync(server, server.Gateway, options => options.AddSubProtocol("cf-aig-authorization." + server.Key)))
        {
            Assert.Equal("cf-aig-authorization." + server.Key, browser.Protocol); // a browser ends a connection that chooses none
            await browser.SendAsync(Create("e", Answers.Ask("gpt")));
            Assert.Equal("universal.created", (await browser.ReadAsync()).GetProperty("type").GetString());
            Assert.DoesNotContain(server.Key, provider.Last.Head, StringComparison.Ordinal);
        }
        foreach (var token in new[] { null, "xai-mw-wrong", server.OtherTeamsKey() })
        {
            var refused = await Assert.ThrowsAsync<WebSocketException>(() => TestSocket.OpenAsync(server, server.Gateway, options => options.SetRequestHeader("cf-aig-authorization", token)));
            Assert.Contains("401", refused.Message, StringComparison.Ordinal);
        }
        Assert.Contains("400", (await Assert.ThrowsAsync<WebSocketException>(() => TestSocket.OpenAsync(server, $"/v1/{server.Account}/no-such", options => options.SetRequestHeader("cf-aig-authorization", server.Key)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_switched_off_meanwhile_opens_nothing_more()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        var keys = server.Service<Milliways.Keys.KeyCommands>();
        var (key, text) = keys.Create(OperatorActor.Instance, null, new Milliways.Keys.KeySettings("x"));
        await using var socket = await TestSocket.OpenAsync(server, server.Gateway, options => options.SetRequestHeader("cf-aig-authorization", text));
        keys.SetDisabled(OperatorActor.Instance, key.Id.ToString("D"), disabled: true);
        await socket.SendAsync(Create("e", Answers.Ask("gpt")));
        var error = await socket.ReadAsync();
        Assert.Equal((401, 2009), (error.GetProperty("metadata").GetProperty("status").GetInt32(), error.GetProperty("response").GetProperty("internalCode").GetInt32()));
        Assert.Empty(provider.Received);
    }

    [Fact]
    public async Task Requests_count_and_the_socket_does_not()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider, clock: new ManualTime());
        server.Service<GatewayCommands>().Set(OperatorActor.Instance, new ChangeGateway(null, "default") { RateLimitingLimit = 1, RateLimitingInterval = 60 });
        await using var other = await OpenAsync(server);
        await using var socket = await OpenAsync(server);
        await socket.SendAsync(Create("e", Answers.Ask("gpt")));
        Assert.Equal("universal.created", (await socket.ReadAsync()).GetProperty("type").GetString());
        await socket.SendAsync(Create("f", Answers.Ask("gpt")));
        var limited = await socket.ReadAsync();
        Assert.Equal((429, 2003), (limited.GetProperty("metadata").GetProperty("status").GetInt32(), limited.GetProperty("response").GetProperty("internalCode").GetInt32()));
    }

    [Fact]
    public async Task Credits_pay_for_what_comes_over_a_socket()
    {
        await using var credited = await Credited.StartAsync(Milliways.Credits.Money.TicksPerDollar);
        await using var socket = await OpenAsync(credited.Server);
        await socket.SendAsync(Create("e", Answers.Ask("priced"), "compat", "{}"));
        Assert.Equal("universal.created", (await socket.ReadAsync()).GetProperty("type").GetString());
        Assert.Equal(-((3 * Credited.Input) + Credited.Output), Assert.Single(await credited.ChargesAsync()).AmountTicks);
        await credited.CheckAsync();
    }

    [Fact]
    public async Task A_client_that_leaves_cancels_its_requests()
    {
        await using var provider = new FakeUpstream(turn => turn.ClosedAsync());
        await using var server = await GatewayServers.StartAsync(provider);
        await using var socket = await OpenAsync(server);
        await socket.SendAsync(Create("e", Answers.Ask("gpt")));
        var turn = await provider.ArrivalAsync();
        socket.Abort();
        await turn.ClosedAsync();
    }

    [Fact]
    public async Task What_is_no_text_or_too_large_closes_the_socket_with_the_code_for_it()
    {
        await using var provider = new FakeUpstream();
        await using var server = await GatewayServers.StartAsync(provider);
        await using (var binary = await OpenAsync(server))
        {
            await binary.SendAsync(new byte[3], WebSocketMessageType.Binary);
            Assert.Equal(WebSocketCloseStatus.InvalidMessageType, await binary.ReadCloseAsync());
        }
        await using var large = await OpenAsync(server);
        await large.SendAsync(Encoding.ASCII.GetBytes(new string(' ', (8 << 20) + 5000)), WebSocketMessageType.Text);
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, await large.ReadCloseAsync());
    }

    [Fact]
    public async Task A_socket_on_which_nothing_happens_is_closed_and_so_is_every_one_at_shutdown()
    {
        await using var provider = new FakeUpstream();
        var time = new ManualTime();
        await using var server = await GatewayServers.StartAsync(provider, clock: time);
        await using (var idle = await OpenAsync(server))
        {
            var closed = idle.ReadCloseAsync();
            await time.RunUntilAsync(closed, TimeSpan.FromMinutes(1));
            Assert.Equal(WebSocketCloseStatus.NormalClosure, await closed);
            await idle.AnswerCloseAsync();
        }
        await using var socket = await OpenAsync(server);
        var stopping = server.Server.StopAsync();
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, await socket.ReadCloseAsync());
        await socket.AnswerCloseAsync();
        await stopping.Soon();
    }
}
