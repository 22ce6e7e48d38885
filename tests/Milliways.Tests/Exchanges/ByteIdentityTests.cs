using System.Text;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

/// <summary>Same dialect on both sides: the bytes that go through are the bytes that came.</summary>
public sealed class ByteIdentityTests
{
    private const string OddRequest =
        "{ \"messages\" : [ {\"role\":\"user\",\"content\":\"\\u00e9\\/ 生命\"} ],\r\n\t\"model\":\"alpha\", \"unknown\":{\"k\":1,\"k\":2.50}, \"seed\": 1e2 ,\"metadata\":{} }\n";

    [Fact]
    public async Task A_chat_request_arrives_as_it_was_sent()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);

        await client.PostAsync("/v1/chat/completions", OddRequest);
        await client.HeadAsync();

        Assert.Equal(OddRequest, lab.Last.Text);
        Assert.Equal(("POST", "/v1/chat/completions"), (lab.Last.Method, lab.Last.Target));
    }

    [Fact]
    public async Task A_messages_request_arrives_as_it_was_sent_with_its_version_and_betas()
    {
        await using var claude = new FakeUpstream(turn => turn.WholeAsync(Answers.Messages));
        await using var server = await TestServer.WithClaudeAsync(claude);
        await using var client = await RawClient.ConnectAsync(server);
        var body = OddRequest.Replace("alpha", "claude-x", StringComparison.Ordinal).Replace("\"seed\": 1e2", "\"max_tokens\": 9", StringComparison.Ordinal);

        await client.PostAsync("/v1/messages", body, $"x-api-key: {server.Key}", "anthropic-version: 2023-06-01", "anthropic-beta: one,two");
        await client.HeadAsync();

        Assert.Equal(body, claude.Last.Text);
        Assert.Equal("/v1/messages", claude.Last.Target);
        Assert.Equal("2023-06-01", claude.Last.Header("anthropic-version"));
        Assert.Equal("one,two", claude.Last.Header("anthropic-beta"));
        Assert.Equal(TestServer.UpstreamKey, claude.Last.Header("x-api-key"));
        Assert.Null(claude.Last.Header("Authorization"));
    }

    [Fact]
    public async Task Only_the_models_name_changes_on_its_way_to_an_upstream_that_knows_another()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);

        await client.PostAsync("/v1/chat/completions", OddRequest.Replace("alpha", "lab\\/Qwen/Qwen3:生", StringComparison.Ordinal));
        await client.HeadAsync();

        Assert.Equal(OddRequest.Replace("\"alpha\"", "\"" + System.Text.Json.JsonEncodedText.Encode("Qwen/Qwen3:生") + "\"", StringComparison.Ordinal), lab.Last.Text);
    }

    [Fact]
    public async Task A_chunked_request_arrives_whole_and_with_a_length()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);

        await client.SendAsync($"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer {server.Key}\r\nTransfer-Encoding: chunked\r\n\r\n");
        foreach (var piece in Encoding.UTF8.GetBytes(OddRequest).Chunk(7))
            await client.SendAsync([.. Encoding.ASCII.GetBytes($"{piece.Length:x}\r\n"), .. piece, .. "\r\n"u8]);
        await client.SendAsync("0\r\n\r\n");

        Assert.Equal(200, (await client.HeadAsync()).Status);
        Assert.Equal(OddRequest, lab.Last.Text);
    }

    /// <summary>CRLF, a BOM, comments, ids, retries, unknown events and spaces as odd servers have them.</summary>
    private const string OddChat =
        "\uFEFF: OPENROUTER PROCESSING\r\n\r\nid: 1\r\nretry: 300\r\ndata:{\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\r\n\r\n"
        + "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"生\\u00e9\"},\"logprobs\":null,\"finish_reason\":null}],\"x\":1.50}\r\n\r\n: ping\r\n\r\n"
        + "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\\"finish_reason\\\":\\\"stop\\\" usage error\"},\"finish_reason\" : null}]}\n\n"
        + "data: {\"id\":\"a\",\ndata: \"choices\":[{\"index\":0,\"delta\":{\"content\":\"two lines\"},\"finish_reason\":null}]}\n\n"
        + "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
        + "data: {\"id\":\"a\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1,\"total_tokens\":4}}\n\n"
        + "data: [DONE]\n\n";

    private const string OddMessages =
        "event: message_start\r\nid: 7\r\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"c\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\r\n\r\n"
        + ": comment\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\n"
        + "event: content_block_start\ndata:{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"future_block\",\"z\":[1]}}\n\n"
        + "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"future_delta\",\"error\":1}}\n\n"
        + "event: unheard_of\ndata: {\"type\":\"unheard_of\"}\n\n"
        + "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
        + "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"future_reason\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":2}}\n\n"
        + "event: message_stop\ndata: {\"type\":\"message_stop\",\"amazon-bedrock-invocationMetrics\":{}}\n\n";

    [Fact]
    public void A_stream_of_the_same_dialect_comes_out_as_it_went_in_whatever_its_pieces() => Dice.Check(dice =>
    {
        foreach (var (text, make) in new (string, Func<BytesRelay>)[]
        {
            (OddChat, () => new BytesRelay(new ChatStreamObserver(stripUsage: false))),
            (OddMessages, () => new BytesRelay(new MessagesStreamObserver())),
        })
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            Assert.Equal(text, Encoding.UTF8.GetString(Through(make(), bytes, dice)));
        }
    }, tests: 300);

    [Fact]
    public void What_is_stripped_is_only_the_usage_chunk_whatever_the_pieces() => Dice.Check(dice =>
    {
        var usage = OddChat[OddChat.IndexOf("data: {\"id\":\"a\",\"choices\":[],", StringComparison.Ordinal)..OddChat.IndexOf("data: [DONE]", StringComparison.Ordinal)];
        var relay = new BytesRelay(new ChatStreamObserver(stripUsage: true));
        Assert.Equal(OddChat.Replace(usage, "", StringComparison.Ordinal), Encoding.UTF8.GetString(Through(relay, Encoding.UTF8.GetBytes(OddChat), dice)));
    }, tests: 300);

    [Fact]
    public void A_stream_that_is_cut_anywhere_is_never_complete() => Dice.Check(dice =>
    {
        foreach (var (text, make) in new (string, Func<BytesRelay>)[]
        {
            (OddChat, () => new BytesRelay(new ChatStreamObserver(stripUsage: false))),
            (OddMessages, () => new BytesRelay(new MessagesStreamObserver())),
        })
        {
            // Before the finish no clean end makes an answer whole; message_stop is whole with its last brace.
            var finish = text.IndexOf("\"finish_reason\":\"stop\"}", StringComparison.Ordinal);
            var most = finish < 0 ? Encoding.UTF8.GetByteCount(text) - 3 : Encoding.UTF8.GetByteCount(text[..finish]);
            var bytes = Encoding.UTF8.GetBytes(text).AsSpan(0, dice.Upto(most)).ToArray();
            var relay = make();
            var written = Through(relay, bytes, dice, expectComplete: false);
            Assert.Equal(RelayState.Failed, relay.State);
            Assert.True(bytes.AsSpan().StartsWith(written), "Something was written that did not come.");
        }
    }, tests: 300);

    [Fact]
    public async Task Odd_streams_go_through_the_server_unchanged()
    {
        await using var fake = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync("text/event-stream; charset=utf-8");
            foreach (var piece in Encoding.UTF8.GetBytes(turn.Request.Target == "/v1/messages" ? OddMessages : OddChat).Chunk(13))
                await turn.SendAsync(piece);
            await turn.EndAsync();
        });
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "claude": {{TestServer.Claude(fake)}}, "lab": {{TestServer.Lab(fake)}} } }""");

        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: true, more: ",\"stream_options\":{\"include_usage\":true}"));
        await client.HeadAsync();
        Assert.Equal(OddChat, await client.RestTextAsync());
        await client.PostAsync("/v1/messages", Answers.Say(stream: true));
        await client.HeadAsync();
        Assert.Equal(OddMessages, await client.RestTextAsync());
        Assert.Equal(WireEnd.Proper, client.End);
    }

    private static byte[] Through(BytesRelay relay, byte[] bytes, Dice dice, bool expectComplete = true)
    {
        using var output = new PooledWriter();
        var (meter, unread, at) = (new Meter(), Array.Empty<byte>(), 0);
        while (relay.State == RelayState.Open)
        {
            var size = Math.Min(1 + dice.Upto(40), bytes.Length - at);
            unread = [.. unread, .. bytes.AsSpan(at, size)];
            at += size;
            unread = unread[relay.Feed(unread, endOfBody: size == 0, output, meter)..];
        }
        if (expectComplete)
            Assert.Equal((RelayState.Complete, UsageSource.Reported), (relay.State, meter.Source));
        if (relay.State == RelayState.Complete)
            relay.WriteTail(output);
        return output.Written.ToArray();
    }
}
