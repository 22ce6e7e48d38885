using System.IO.Compression;
using System.Text;
using Milliways.Tests.Support;
using Milliways.Upstreams.Connections;

namespace Milliways.Tests.Upstreams.Connections;

/// <summary>Upstreams that compress although they were asked not to.</summary>
public sealed class EncodingTests
{
    public static TheoryData<string> Codings => ["gzip", "x-gzip", "br", "deflate", "raw deflate", "zstd"];

    [Theory]
    [MemberData(nameof(Codings))]
    public async Task A_whole_answer_and_an_error_are_decoded(string coding)
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Encode(coding, Answers.Chat), headers: Header(coding)));
        await using var server = await TestServer.WithLabAsync(lab);

        var whole = await server.PostAsync("/v1/chat/completions", Answers.Ask());
        Assert.Equal((200, Answers.Chat, (string?)null), (whole.Status, whole.Text, whole.Header("Content-Encoding")));

        lab.Then(turn => turn.WholeAsync(Encode(coding, """{"error":{"message":"too hot"}}"""), 400, headers: Header(coding)));
        Assert.Contains("too hot", (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Codings))]
    public async Task A_streams_events_are_decoded_as_they_come(string coding)
    {
        var go = new Gate();
        await using var lab = new FakeUpstream(async turn =>
        {
            using var held = new MemoryStream();
            await using var encoder = Encoder(coding, held);
            await turn.BeginAsync(headers: Header(coding));
            await SendAsync(turn, encoder, held, Answers.Role + Answers.Chunk("Hi"));
            await go.WaitAsync();
            await SendAsync(turn, encoder, held, Answers.Finish + Answers.Usage + Answers.Done, last: true);
            await turn.EndAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);

        await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: true));
        Assert.Equal(200, (await client.HeadAsync()).Status);
        Assert.Equal(Answers.Role, await client.EventAsync());
        Assert.Equal(Answers.Chunk("Hi"), await client.EventAsync());
        go.Open(); // not before the first events were here

        Assert.Equal(Answers.Finish + Answers.Done, await client.RestTextAsync());
        Assert.Equal(WireEnd.Proper, client.End);
    }

    [Theory]
    [MemberData(nameof(Codings))]
    public async Task A_compressed_answer_that_is_cut_is_a_failure_and_no_end(string coding)
    {
        // The message ends properly, its content does not: what was cut is inside the compressed text.
        var whole = Encode(coding, Answers.Role + Answers.Chunk("Hi") + Answers.Chunk(new string('x', 3000)) + Answers.Finish);
        await using var lab = new FakeUpstream(async turn =>
        {
            await turn.BeginAsync(headers: Header(coding));
            await turn.SendAsync(whole[..^6]);
            await turn.EndAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);
        await client.PostAsync("/v1/chat/completions", Answers.Ask(stream: true));
        var head = await client.HeadAsync();
        var text = await client.RestTextAsync();
        if (head.Status == 200)
        {
            Assert.NotEqual(WireEnd.Proper, client.End);
            Assert.Contains("\"code\"", text, StringComparison.Ordinal);
        }
        else
            Assert.Equal(502, head.Status);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);

        lab.Standing = turn => turn.WholeAsync(Encode(coding, Answers.Chat)[..^6], headers: Header(coding));
        Assert.Equal(502, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Status);
    }

    [Theory]
    [InlineData("gzip", "not gzip at all")]
    [InlineData("br", "not brotli at all, by no means")]
    [InlineData("zstd", "not zstd at all")]
    [InlineData("compress", "whatever")]
    public async Task What_is_not_in_its_coding_or_in_one_nobody_knows_is_the_upstreams_failure(string coding, string text)
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Encoding.UTF8.GetBytes(text), headers: [$"Content-Encoding: {coding}"]));
        await using var server = await TestServer.WithLabAsync(lab);
        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask());
        Assert.Equal(502, answer.Status);
        Assert.StartsWith("upstream, ", answer.Header("x-milliways-failed"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("zstd")]
    public async Task A_few_bytes_that_would_become_a_flood_are_refused(string coding)
    {
        var bomb = Encode(coding, new string(' ', (int)DecodedStream.Free * 4));
        Assert.InRange(bomb.Length, 1, DecodedStream.Free * 4 / DecodedStream.MostRatio);
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(bomb, headers: Header(coding)));
        await using var server = await TestServer.WithLabAsync(lab);

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask());

        Assert.Equal(502, answer.Status);
        Assert.Contains("grows beyond all measure", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_answer_of_an_ordinary_ratio_is_none()
    {
        var text = string.Concat(Enumerable.Range(0, 600_000).Select(i => $"{i * 7919L} is a number; "));
        var answer = Answers.Chat.Replace("\"Hi\"", $"\"{text}\"", StringComparison.Ordinal);
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Encode("gzip", answer), headers: Header("gzip")));
        await using var server = await TestServer.WithLabAsync(lab);
        Assert.True(answer.Length > DecodedStream.Free / 2);
        Assert.Equal(answer, (await server.PostAsync("/v1/chat/completions", Answers.Ask())).Text);
    }

    private static string[] Header(string coding) => [$"Content-Encoding: {(coding == "raw deflate" ? "deflate" : coding)}"];

    private static byte[] Encode(string coding, string text)
    {
        using var held = new MemoryStream();
        using (var encoder = Encoder(coding, held))
            encoder.Write(Encoding.UTF8.GetBytes(text));
        return held.ToArray();
    }

    private static Stream Encoder(string coding, Stream to) => coding switch
    {
        "br" => new BrotliStream(to, CompressionLevel.Fastest, leaveOpen: true),
        "deflate" => new ZLibStream(to, CompressionLevel.Fastest, leaveOpen: true),
        "raw deflate" => new DeflateStream(to, CompressionLevel.Fastest, leaveOpen: true),
        "zstd" => new ZstdSharp.CompressionStream(to, leaveOpen: true),
        _ => new GZipStream(to, CompressionLevel.Optimal, leaveOpen: true),
    };

    private static async Task SendAsync(UpstreamTurn turn, Stream encoder, MemoryStream held, string text, bool last = false)
    {
        await encoder.WriteAsync(Encoding.UTF8.GetBytes(text));
        await encoder.FlushAsync();
        if (last)
            await encoder.DisposeAsync();
        await turn.SendAsync(held.ToArray());
        held.SetLength(0);
    }
}
