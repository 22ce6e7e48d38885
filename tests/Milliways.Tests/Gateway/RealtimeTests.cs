using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Milliways.Gateway.Settings;
using Milliways.Teams;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Gateway;

/// <summary>Providers' realtime WebSockets, passed through (cloudflare 1.10).</summary>
public sealed class RealtimeTests
{
    /// <summary>Switches and sends every byte back; a frame of a client's is masked, so it is unmasked on the way as a server would.</summary>
    private static async Task EchoAsync(UpstreamTurn turn)
    {
#pragma warning disable CA5350 // The handshake of WebSockets names this hash (RFC 6455).
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(turn.Request.Header("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        var protocol = turn.Request.Header("Sec-WebSocket-Protocol") is { } offered ? $"Sec-WebSocket-Protocol: {offered.Split(',')[0]}\r\n" : "";
        await turn.RawAsync($"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\nx-provider: here\r\n{protocol}\r\n");
        using var socket = WebSocket.CreateFromStream(turn.Duplex, new WebSocketCreationOptions { IsServer = true });
        var buffer = new byte[1024];
        try
        {
            while (await socket.ReceiveAsync(buffer, CancellationToken.None) is { MessageType: not WebSocketMessageType.Close } read)
                await socket.SendAsync(buffer.AsMemory(0, read.Count), read.MessageType, read.EndOfMessage, CancellationToken.None);
            await socket.CloseOutputAsync((WebSocketCloseStatus)4001, "bye", CancellationToken.None);
        }
        catch (WebSocketException)
        {
            // The gateway has gone without a word, as a connection that breaks.
        }
    }

    [Theory]
    [InlineData("openai?model=gpt-realtime", "/api.openai.com/v1/realtime?model=gpt-realtime")]
    [InlineData("grok?model=grok-voice", "/api.x.ai/v1/realtime?model=grok-voice")]
    [InlineData("google?api_key=AIza&alt=x", "/generativelanguage.googleapis.com/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?alt=x&key=AIza")]
    [InlineData("cartesia?cartesia_version=2024-06-10&api_key=k", "/api.cartesia.ai/tts/websocket?cartesia_version=2024-06-10&api_key=k")]
    [InlineData("elevenlabs?agent_id=a%2Fb", "/api.elevenlabs.io/v1/convai/conversation?agent_id=a%2Fb")]
    [InlineData("fal/fal-ai/fast-lcm-diffusion", "/fal.run/fal-ai/fast-lcm-diffusion")]
    [InlineData("deepgram/v1/listen?encoding=linear16", "/api.deepgram.com/v1/listen?encoding=linear16")]
    public async Task Frames_go_both_ways_to_each_provider_and_its_close_comes_back(string path, string target)
    {
        await using var provider = new FakeUpstream(EchoAsync);
        await using var server = await GatewayServers.StartAsync(provider);
        await using var socket = await TestSocket.OpenAsync(server, $"{server.Gateway}/{path}", options =>
        {
            options.SetRequestHeader("cf-aig-authorization", server.Key);
            options.SetRequestHeader("Authorization", "Bearer sk-caller");
            options.SetRequestHeader("OpenAI-Beta", "realtime=v1");
        });
        foreach (var text in new[] { "hello", "{\"a\":1}", new string('x', 900) })
        {
            await socket.SendAsync(text);
            Assert.Equal(text, await socket.ReadTextAsync());
        }
        Assert.Equal((target, "Bearer sk-caller", "realtime=v1"), (provider.Last.Target, provider.Last.Header("Authorization"), provider.Last.Header("OpenAI-Beta")));
        Assert.DoesNotContain("cf-aig", provider.Last.Head, StringComparison.OrdinalIgnoreCase);
        await socket.CloseAsync();
        Assert.Equal((WebSocketCloseStatus)4001, socket.Closed);
    }

    [Fact]
    public async Task Subprotocols_carry_the_token_to_us_and_the_providers_key_to_the_provider()
    {
        await using var provider = new FakeUpstream(EchoAsync);
        await using var server = await GatewayServers.StartAsync(provider);
        await using (var socket = await TestSocket.OpenAsync(server, server.Gateway + "/elevenlabs?agent_id=a", options =>
        {
            options.AddSubProtocol("cf-aig-authorization." + server.Key);
            options.AddSubProtocol("xi-api-key.sk-eleven");
        }))
        {
            Assert.Equal(("xi-api-key.sk-eleven", "xi-api-key.sk-eleven"), (socket.Protocol, provider.Last.Header("Sec-WebSocket-Protocol")));
            Assert.DoesNotContain(server.Key, provider.Last.Head, StringComparison.Ordinal);
        }
        // A stored key goes where the provider wants it; the token's own entry is answered by us.
        server.Service<GatewayCommands>().AddKey(OperatorActor.Instance, new AddStoredKey(null, "default", "openai", null, null, "sk-stored"));
        await using var stored = await TestSocket.OpenAsync(server, server.Gateway + "/openai?model=m", options => options.AddSubProtocol("cf-aig-authorization." + server.Key));
        Assert.Equal(("cf-aig-authorization." + server.Key, "Bearer sk-stored", null), (stored.Protocol, provider.Last.Header("Authorization"), provider.Last.Header("Sec-WebSocket-Protocol")));
    }

    [Fact]
    public async Task Without_a_token_to_nobody_and_to_what_has_no_socket_there_is_none()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("""{"error":"no such model"}""", 404));
        await using var server = await GatewayServers.StartAsync(provider);
        async Task<string> RefusedAsync(string path, string token) =>
            (await Assert.ThrowsAsync<WebSocketException>(() => TestSocket.OpenAsync(server, server.Gateway + path, options =>
            {
                options.SetRequestHeader("cf-aig-authorization", token);
                options.SetRequestHeader("Authorization", "Bearer sk-caller");
            }))).Message;
        Assert.Contains("401", await RefusedAsync("/openai?model=m", "wrong"), StringComparison.Ordinal);
        Assert.Contains("400", await RefusedAsync("/nosuch?model=m", server.Key), StringComparison.Ordinal);
        Assert.Contains("400", await RefusedAsync("/compat", server.Key), StringComparison.Ordinal);
        Assert.Empty(provider.Received);
        Assert.Contains("404", await RefusedAsync("/openai?model=m", server.Key), StringComparison.Ordinal); // the provider's own refusal
    }

    [Theory]
    [InlineData("", false)]
    [InlineData(""", "prices": { "*": { "input": "0", "output": "0" } }""", true)]
    public async Task On_credit_only_what_costs_nothing_is_spoken(string more, bool allowed)
    {
        await using var provider = new FakeUpstream(EchoAsync);
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "oa": { "preset": "openai", "baseUrl": "{{provider.Url}}/v1", "apiKey": "sk-operator" {{more}} } }, "credits": { "monthlyGrant": null } }""", governance: true);
        Task<TestSocket> OpenAsync(string? key) => TestSocket.OpenAsync(server, server.Gateway + "/openai?model=m", options =>
        {
            options.SetRequestHeader("cf-aig-authorization", server.Key);
            if (key is not null)
                options.SetRequestHeader("Authorization", key);
        });
        if (allowed)
        {
            await using var free = await OpenAsync(null);
            Assert.Equal(("/v1/realtime?model=m", "Bearer sk-operator"), (provider.Last.Target, provider.Last.Header("Authorization")));
        }
        else
            Assert.Contains("402", (await Assert.ThrowsAsync<WebSocketException>(() => OpenAsync(null))).Message, StringComparison.Ordinal);
        await using var own = await OpenAsync("Bearer sk-caller");
        Assert.Equal("Bearer sk-caller", provider.Last.Header("Authorization"));
    }

    [Fact]
    public async Task A_silent_session_ends_and_when_one_side_leaves_so_does_the_other()
    {
        await using var provider = new FakeUpstream(EchoAsync);
        var time = new ManualTime();
        await using var server = await GatewayServers.StartAsync(provider, clock: time);
        Task<TestSocket> OpenAsync() => TestSocket.OpenAsync(server, server.Gateway + "/openai?model=m", options =>
        {
            options.SetRequestHeader("cf-aig-authorization", server.Key);
            options.SetRequestHeader("Authorization", "Bearer sk-caller");
        });
        await using var silent = await OpenAsync();
        await provider.ArrivalAsync();
        var ended = Assert.ThrowsAnyAsync<Exception>(silent.ReadTextAsync);
        Assert.InRange(await time.RunUntilAsync(ended, TimeSpan.FromSeconds(30)), TimeSpan.FromMinutes(10), TimeSpan.FromHours(2));

        await using var leaving = await OpenAsync();
        await leaving.SendAsync("x");
        await leaving.ReadTextAsync();
        leaving.Abort();
        await server.Service<Milliways.Exchanges.OpenExchanges>().WhenEndedAsync().Soon();
    }
}
