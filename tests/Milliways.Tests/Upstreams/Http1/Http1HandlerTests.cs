using System.Net;
using System.Net.Sockets;
using System.Text;
using Milliways.Tests.Support;

namespace Milliways.Tests.Upstreams.Http1;

/// <summary>HTTP/1.1 to upstreams, as their servers may speak it: seen from a caller, and from the fake upstream's own socket.</summary>
public sealed class Http1HandlerTests
{
    private const string Chat = "/v1/chat/completions";
    private static readonly string Whole = $"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(Answers.Chat)}\r\n\r\n{Answers.Chat}";

    [Fact]
    public async Task What_only_announces_an_answer_is_read_over()
    {
        await using var lab = new FakeUpstream(turn => turn.RawAsync("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n" + Whole));
        await using var server = await TestServer.WithLabAsync(lab);

        Assert.Equal(200, (await server.PostAsync(Chat, Answers.Ask())).Status);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nX-Long: ")]
    [InlineData("HTTP/1.1 200 OK\r\nX-")]
    public async Task A_head_without_end_is_refused_before_it_fills_the_memory(string begun)
    {
        var tooMuch = new string('x', 80 << 10);
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.RawAsync(begun + tooMuch);
            await turn.ClosedAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);

        var answer = await server.PostAsync(Chat, Answers.Ask());

        Assert.Equal((502, "upstream, headers"), (answer.Status, answer.Header("x-milliways-failed")));
    }

    [Fact]
    public async Task An_answer_whose_length_is_its_connection_s_is_whole_when_that_ends()
    {
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.RawAsync("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + Answers.Chat);
            turn.Finish();
        });
        await using var server = await TestServer.WithLabAsync(lab);

        Assert.Equal(200, (await server.PostAsync(Chat, Answers.Ask())).Status);
    }

    /// <summary>A long prompt is refused by servers before they have read it; that answer counts, and the rest of the prompt is not sent.</summary>
    [Fact]
    public async Task An_answer_that_comes_before_the_prompt_was_read_is_the_answer()
    {
        const string Refusal = """{"error":{"message":"too long for me"}}""";
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepting = listener.AcceptSocketAsync();
        await using var server = await TestServer.StartAsync(
            $$"""{ "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "http://{{listener.LocalEndpoint}}/v1", "models": ["alpha"], "retries": 0 } } }""");

        var asking = server.PostAsync(Chat, Answers.Ask(more: $", \"user\": \"{new string('x', 16 << 20)}\""));
        using var socket = await accepting;
        await socket.ReceiveAsync(new byte[1000]); // and never more
        await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 413 Too Large\r\nContent-Type: application/json\r\nContent-Length: {Refusal.Length}\r\nConnection: close\r\n\r\n{Refusal}"));
        var answer = await asking.Soon();

        Assert.Equal(413, answer.Status);
        Assert.Contains("too long for me", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"x\":1}")]
    [InlineData("x")]
    public async Task What_nobody_has_asked_for_is_nobody_s_answer(string stray)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        lab.Then(async turn =>
        {
            await turn.RawAsync($"HTTP/1.1 200 OK\r\n{Whole}{stray}");
            await turn.ClosedAsync();
        });

        Assert.Equal(200, (await server.PostAsync(Chat, Answers.Ask())).Status);
        var second = await server.PostAsync(Chat, Answers.Ask());

        Assert.Equal((200, 2), (second.Status, lab.Connections));
        Assert.DoesNotContain("\"x\":1", second.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")]
    public async Task A_connection_whose_end_is_in_doubt_is_not_kept(string framing)
    {
        var closed = new TaskCompletionSource();
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.RawAsync($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{framing}{Encoding.UTF8.GetByteCount(Answers.Chat):x}\r\n{Answers.Chat}\r\n0\r\n\r\n");
            await turn.ClosedAsync();
            closed.SetResult();
        });
        await using var server = await TestServer.WithLabAsync(lab);

        Assert.Equal(200, (await server.PostAsync(Chat, Answers.Ask())).Status);
        await closed.Task.Soon();
    }

    /// <summary>With TLS the bytes lie above the socket, decrypted, and the socket says nothing of them.</summary>
    [Fact]
    public async Task Over_TLS_too_what_nobody_has_asked_for_is_nobody_s_answer()
    {
        using var authority = new Certificates();
        using var directory = new TempDirectory();
        await using var lab = new FakeUpstream(certificate: authority.Server("127.0.0.1"));
        await using var server = await TestServer.WithLabAsync(lab, more: $$""", "caFile": "{{directory.Write("ca.pem", authority.Pem)}}" """);
        // Longer than what comes with the head, and of just the length of what it is read into.
        foreach (var padding in new[] { 5_000, (8 << 10) - Answers.Chat.Length, 12_000, 16_000 })
        {
            var long_ = Answers.Chat + new string(' ', padding);
            lab.Then(turn => turn.RawAsync($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(long_)}\r\n\r\n{long_}HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{{\"x\":1}}"));
            Assert.Equal(200, (await server.PostAsync(Chat, Answers.Ask())).Status);

            var next = await server.PostAsync(Chat, Answers.Ask());

            Assert.Equal(200, next.Status);
            Assert.DoesNotContain("\"x\":1", next.Text, StringComparison.Ordinal);
        }
    }

    /// <summary>However a request ends, its place is the next one's.</summary>
    [Theory]
    [InlineData("cut")]
    [InlineData("reset")]
    [InlineData("no head")]
    [InlineData("silent behind the end")]
    [InlineData("caller gone")]
    [InlineData("refused")]
    public async Task A_place_among_the_connections_is_given_back(string how)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab, more: ", \"maxConnections\": 1");
        lab.Then(async turn =>
        {
            switch (how)
            {
                case "cut":
                    await turn.BeginAsync();
                    await turn.SendAsync(Answers.Role);
                    turn.Finish();
                    break;
                case "reset":
                    turn.Reset();
                    break;
                case "no head":
                    await turn.RawAsync("SSH-2.0-OpenSSH_9.2\r\n\r\n");
                    await turn.ClosedAsync();
                    break;
                case "silent behind the end":
                    await turn.BeginAsync();
                    await turn.SendAsync(Answers.Role + Answers.Finish + Answers.Done + ": there is more\n\n");
                    await turn.ClosedAsync();
                    break;
                case "caller gone":
                    await turn.BeginAsync();
                    await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
                    await turn.ClosedAsync();
                    break;
                case "refused":
                    await turn.WholeAsync("{}", 400);
                    break;
            }
        });
        if (how == "caller gone")
        {
            await using var leaving = await RawClient.ConnectAsync(server);
            await leaving.PostAsync(Chat, Answers.Ask(stream: true));
            await leaving.HeadAsync();
        }
        else
        {
            await server.PostAsync(Chat, Answers.Ask(stream: how is "cut" or "silent behind the end"));
        }

        Assert.Equal(200, (await server.PostAsync(Chat, Answers.Ask()).Soon()).Status);
    }

    /// <summary>The last event is the end for a caller; the last chunk may come a moment later.</summary>
    [Fact]
    public async Task A_connection_whose_last_chunk_comes_behind_the_last_event_is_kept()
    {
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role);
            await turn.SendAsync(Answers.Finish + Answers.Done);
            await turn.EndAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);

        for (var i = 0; i < 5; i++)
            Assert.Equal(200, (await server.PostAsync(Chat, Answers.Ask(stream: true))).Status);

        Assert.True(lab.Connections < 5, "A connection for each of five streams, one after another");
    }

    [Fact]
    public async Task A_body_that_ends_before_its_length_is_a_broken_answer()
    {
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.RawAsync($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Answers.Chat.Length + 100}\r\n\r\n{Answers.Chat}");
            turn.Finish();
        });
        await using var server = await TestServer.WithLabAsync(lab);

        var answer = await server.PostAsync(Chat, Answers.Ask());

        Assert.Equal((502, "upstream, body"), (answer.Status, answer.Header("x-milliways-failed")));
    }

    [Theory]
    [InlineData("zz\r\n")]
    [InlineData("5\r\n{\"x\":9\r\n")]
    public async Task A_body_that_is_not_framed_as_its_head_says_is_a_broken_answer(string framed)
    {
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.RawAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + framed);
            await turn.ClosedAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);

        var answer = await server.PostAsync(Chat, Answers.Ask());

        Assert.Equal((502, "upstream, body"), (answer.Status, answer.Header("x-milliways-failed")));
    }
}
