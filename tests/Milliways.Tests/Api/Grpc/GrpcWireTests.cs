using System.IO.Compression;
using Google.Protobuf;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api.Grpc;

/// <summary>What libraries never send, and what their callers never see (gRPC over HTTP/2).</summary>
public class GrpcWireTests
{
    private const string Complete = "/xai_api.Chat/GetCompletion";
    private const string Chunks = "/xai_api.Chat/GetCompletionChunk";

    private static byte[] Ask => GrpcClient.Ask().ToByteArray();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public async Task A_message_in_any_pieces_is_the_message(int piece)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await Http2Client.ConnectAsync(server);
        var call = await client.CallAsync(Complete);
        foreach (var bytes in Http2Client.Message(Ask).Chunk(piece))
            await client.DataAsync(call, bytes);
        await client.DataAsync(call, [], end: true);

        var answer = await client.AnswerAsync(call);

        Assert.Equal(("200", "application/grpc", "0"), (answer.Header(":status"), answer.Header("content-type"), answer.Status));
        Assert.Equal("Hi", GetChatCompletionResponse.Parser.ParseFrom(Assert.Single(Http2Client.Messages(answer))).Outputs[0].Message.Content);
        Assert.DoesNotContain(answer.Head, one => one.Name == "grpc-status");
    }

    [Fact]
    public async Task An_empty_message_is_one_and_none_is_not()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await Http2Client.ConnectAsync(server);
        var empty = await client.CallAsync("/xai_api.Models/ListLanguageModels");
        await client.DataAsync(empty, Http2Client.Message([]), end: true);
        var none = await client.CallAsync("/xai_api.Models/ListLanguageModels", end: true);

        Assert.Equal("0", (await client.AnswerAsync(empty)).Status);
        Assert.Equal("3", (await client.AnswerAsync(none)).Status);
        Assert.Contains("no message", client.On(none).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Bearer xai-wrong")]
    [InlineData("")]
    public async Task A_wrong_or_missing_key_is_told_although_the_message_never_comes(string authorization)
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await Http2Client.ConnectAsync(server);
        foreach (var path in new[] { Complete, "/xai_api.Models/ListLanguageModels" })
        {
            var call = await client.CallAsync(path, more: ("authorization", authorization));
            await client.DataAsync(call, Http2Client.Message(Ask)[..7]);

            Assert.Equal("16", (await client.AnswerAsync(call)).Status);
        }
    }

    public static TheoryData<string, byte[], string, string> Broken => new()
    {
        { "cut in the head", [0, 0, 0], "3", "head" },
        { "cut in the message", Http2Client.Message(Ask)[..^1], "3", "cut off" },
        { "trailing bytes", [.. Http2Client.Message(Ask), 0], "3", "behind the request's message" },
        { "two messages", [.. Http2Client.Message(Ask), .. Http2Client.Message(Ask)], "3", "behind the request's message" },
        { "an unknown flag", Http2Client.Message(Ask, flag: 7), "3", "first byte" },
        { "compressed without a word", Http2Client.Message(Ask, flag: 1), "3", "grpc-encoding" },
        { "too large by its head", Http2Client.Message(Ask, length: (20 << 20) + 1), "8", "maxMessageBytes" },
        { "larger than any memory by its head", Http2Client.Message(Ask, length: -1), "8", "maxMessageBytes" },
        { "no protobuf", Http2Client.Message([0xFF, 0xFF, 0xFF]), "3", "xai_api.GetCompletionsRequest" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task A_broken_message_is_a_status_with_its_reason_and_the_connection_goes_on(string what, byte[] body, string status, string reason)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await Http2Client.ConnectAsync(server);
        var call = await client.CallAsync(Complete);
        await client.DataAsync(call, body, end: true);

        var answer = await client.AnswerAsync(call);

        Assert.True(answer.Status == status, $"{what}: {answer.Status} {answer.Message}");
        Assert.Contains(reason, answer.Message, StringComparison.Ordinal);
        Assert.Equal(("200", 0), (answer.Header(":status"), answer.Trailers.Count)); // trailers-only
        Assert.Empty(answer.Body);
        var next = await client.CallAsync(Complete);
        await client.DataAsync(next, Http2Client.Message(Ask), end: true);
        Assert.Equal("0", (await client.AnswerAsync(next)).Status);
        Assert.Single(lab.Received);
    }

    [Fact]
    public async Task A_gzipped_message_is_read_and_one_that_unfolds_beyond_the_bound_is_not()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await Http2Client.ConnectAsync(server);
        var good = await client.CallAsync(Complete, more: ("grpc-encoding", "gzip"));
        await client.DataAsync(good, Http2Client.Message(Gzip(Ask), flag: 1), end: true);
        var bomb = await client.CallAsync(Complete, more: ("grpc-encoding", "gzip"));
        foreach (var piece in Http2Client.Message(Gzip(new byte[64 << 20]), flag: 1).Chunk(16384))
            await client.DataAsync(bomb, piece);
        await client.DataAsync(bomb, [], end: true);
        var noGzip = await client.CallAsync(Complete, more: ("grpc-encoding", "gzip"));
        await client.DataAsync(noGzip, Http2Client.Message(Ask, flag: 1), end: true);
        var plain = await client.CallAsync(Complete, more: ("grpc-encoding", "gzip"));
        await client.DataAsync(plain, Http2Client.Message(Ask), end: true);
        var brotli = await client.CallAsync(Complete, more: ("grpc-encoding", "br"));
        await client.DataAsync(brotli, Http2Client.Message(Ask, flag: 1), end: true);

        Assert.Equal("0", (await client.AnswerAsync(good)).Status);
        Assert.Equal("8", (await client.AnswerAsync(bomb)).Status);
        Assert.Equal("3", (await client.AnswerAsync(noGzip)).Status);
        Assert.Equal("0", (await client.AnswerAsync(plain)).Status);
        var unknown = await client.AnswerAsync(brotli);
        Assert.Equal(("12", "identity,gzip"), (unknown.Status, unknown.Header("grpc-accept-encoding")));
    }

    [Theory]
    [InlineData(true, "gzip", true)]
    [InlineData(true, "identity, deflate, gzip", true)]
    [InlineData(true, "identity", false)]
    [InlineData(true, "", false)]
    [InlineData(false, "gzip", false)]
    public async Task A_large_whole_answer_is_compressed_where_the_operator_and_the_caller_want_it(bool isOn, string accepts, bool zipped)
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat.Replace("\"Hi\"", $"\"{new string('a', 5000)}\"", StringComparison.Ordinal)));
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "lab": {{TestServer.Lab(lab)}} }, "grpc": { "gzip": {{(isOn ? "true" : "false")}} } }""");
        await using var client = await Http2Client.ConnectAsync(server);
        var call = await client.CallAsync(Complete, more: ("grpc-accept-encoding", accepts));
        await client.DataAsync(call, Http2Client.Message(Ask), end: true);

        var answer = await client.AnswerAsync(call);

        Assert.Equal(("0", zipped ? "gzip" : null, zipped ? 1 : 0), (answer.Status, answer.Header("grpc-encoding"), answer.Body[0]));
        var message = answer.Body.Skip(5).ToArray();
        if (zipped)
        {
            Assert.True(message.Length < 1000);
            using var unzipped = new MemoryStream();
            using (var gzip = new GZipStream(new MemoryStream(message), CompressionMode.Decompress))
                await gzip.CopyToAsync(unzipped, TestContext.Current.CancellationToken);
            message = unzipped.ToArray();
        }
        Assert.Equal(5000, GetChatCompletionResponse.Parser.ParseFrom(message).Outputs[0].Message.Content.Length);
    }

    [Theory]
    [InlineData("5x")]
    [InlineData("S")]
    [InlineData("123456789S")]
    [InlineData("-1S")]
    public async Task A_deadline_that_is_none_is_named(string timeout)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await Http2Client.ConnectAsync(server);
        var call = await client.CallAsync(Complete, more: ("grpc-timeout", timeout));
        await client.DataAsync(call, Http2Client.Message(Ask), end: true);

        Assert.Equal("3", (await client.AnswerAsync(call)).Status);
        Assert.Contains("grpc-timeout", client.On(call).Message, StringComparison.Ordinal);
        Assert.Empty(lab.Received);
    }

    [Theory]
    [InlineData("0n", false)]
    [InlineData("5S", true)]
    [InlineData("5000m", true)]
    [InlineData("5000000u", true)]
    public async Task A_deadline_cancels_the_upstream_and_is_told_by_its_status(string timeout, bool asks)
    {
        var clock = new ManualTime();
        await using var lab = new FakeUpstream(turn => turn.ClosedAsync());
        await using var server = await TestServer.WithLabAsync(lab, clock);
        await using var client = await Http2Client.ConnectAsync(server);
        var call = await client.CallAsync(Complete, more: ("grpc-timeout", timeout));
        await client.DataAsync(call, Http2Client.Message(Ask), end: true);
        if (asks)
        {
            var turn = await lab.ArrivalAsync();
            Assert.InRange(await clock.RunUntilAsync(turn.ClosedAsync(), TimeSpan.FromMilliseconds(100)), TimeSpan.FromSeconds(4.9), TimeSpan.FromSeconds(12));
        }

        Assert.Equal("4", (await client.AnswerAsync(call)).Status);
        Assert.Equal(asks ? 1 : 0, lab.Received.Count);
    }

    [Fact]
    public async Task A_deadline_ends_a_call_whose_message_never_ends()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        await using var client = await Http2Client.ConnectAsync(server);
        var call = await client.CallAsync(Complete, more: ("grpc-timeout", "2S"));
        await client.DataAsync(call, Http2Client.Message(Ask)[..9]);

        await clock.RunUntilAsync(client.On(call).EndedAsync(), TimeSpan.FromMilliseconds(100));

        Assert.Equal("4", client.On(call).Status);
        await client.PingAsync(); // what comes of the message later harms nobody
        await client.DataAsync(call, Http2Client.Message(Ask)[9..], end: true);
        await client.PingAsync();
    }

    [Theory]
    [InlineData("application/json", "415")]
    [InlineData("application/grpc+json", "415")]
    [InlineData("application/grpc-web", "415")]
    [InlineData("", "415")]
    public async Task What_is_no_gRPC_is_told_so_in_HTTP(string type, string status)
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await Http2Client.ConnectAsync(server);
        var call = await client.CallAsync(Complete, more: ("content-type", type));
        await client.DataAsync(call, Http2Client.Message(Ask), end: true);

        var answer = await client.AnswerAsync(call);

        Assert.Equal(status, answer.Header(":status"));
        Assert.Contains("application/grpc", System.Text.Encoding.UTF8.GetString([.. answer.Body]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/grpc+proto")]
    [InlineData("application/grpc; charset=utf-8")]
    public async Task Other_words_for_the_same_are_taken(string type)
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await Http2Client.ConnectAsync(server);
        var call = await client.CallAsync("/xai_api.Auth/get_api_key_info", more: ("content-type", type));
        await client.DataAsync(call, Http2Client.Message([]), end: true);
        Assert.Equal("0", (await client.AnswerAsync(call)).Status);
    }

    [Fact]
    public async Task REST_on_the_gRPC_port_and_gRPC_on_the_REST_port_are_told_where_to_go()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await Http2Client.ConnectAsync(server);
        var get = await client.CallAsync("/v1/models", end: true, (":method", "GET"), ("content-type", ""));
        Assert.Contains(server.Base, System.Text.Encoding.UTF8.GetString([.. (await client.AnswerAsync(get)).Body]), StringComparison.Ordinal);

        var grpc = await server.SendAsync("POST", Complete, new ByteArrayContent(Http2Client.Message(Ask)) { Headers = { { "Content-Type", "application/grpc" } } });
        Assert.Equal(400, grpc.Status);
        Assert.Contains(server.Grpc, grpc.Text, StringComparison.Ordinal);

        Assert.StartsWith("HTTP/1.1 400", await Http2Client.SayAsync(new Uri(server.Grpc).Port, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), StringComparison.Ordinal);
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return output.ToArray();
    }
}
