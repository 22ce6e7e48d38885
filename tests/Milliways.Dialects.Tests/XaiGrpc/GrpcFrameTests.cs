using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;
using Milliways.Dialects.Tests.Support;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.Tests.XaiGrpc;

public sealed class GrpcFrameTests
{
    [Fact]
    public void A_stream_cut_into_any_pieces_gives_the_same_events() => Dice.Check((dice, sizes) =>
    {
        var events = Answers.Events(dice, choices: 1 + dice.Upto(2));
        var output = new ArrayBufferWriter<byte>();
        var writer = XaiGrpcDialect.Streamed.NewStreamWriter(output, Grpc.Facts());
        foreach (var each in events) writer.On(each);
        writer.WriteTail(output);
        Assert.Equal(Texts.Of(Read(output.WrittenSpan, []).Fold), Texts.Of(Read(output.WrittenSpan, sizes).Fold));
        Assert.Equal(Texts.Of(Read(output.WrittenSpan, [1]).Fold), Texts.Of(Read(output.WrittenSpan, sizes).Fold));
        Assert.True(Read(output.WrittenSpan, sizes).Fold.IsComplete);
    });

    [Fact]
    public void A_head_tells_the_length_and_whether_the_message_is_compressed()
    {
        Assert.True(GrpcFrame.TryRead([1, 0, 0, 0, 2, 7, 8, 9], 2, out var frame, out var failure));
        Assert.Equal((true, 7, "0708"), (frame.IsCompressed, frame.Length, Convert.ToHexString(frame.Message)));
        Assert.Null(failure);
        Assert.True(GrpcFrame.TryRead([0, 0, 0, 0, 0], 0, out frame, out _));
        Assert.Equal((false, 5, 0), (frame.IsCompressed, frame.Length, frame.Message.Length));
        Assert.False(GrpcFrame.TryRead([0, 0, 0, 0], 9, out _, out failure));
        Assert.Null(failure);
        Assert.False(GrpcFrame.TryRead([0, 0, 0, 0, 2, 7], 9, out _, out failure));
        Assert.Null(failure);
    }

    [Theory]
    [InlineData("02000000010A", "not readable")]
    [InlineData("0000000003", "message of 3 bytes; 2 are taken at most")]
    [InlineData("00FFFFFFFF", "message of 4294967295 bytes")]
    public void A_head_that_cannot_be_is_a_failure_at_once(string hex, string words)
    {
        Assert.False(GrpcFrame.TryRead(Convert.FromHexString(hex), 2, out _, out var failure));
        Assert.Equal(FailureKind.UpstreamBroken, failure?.Kind);
        Assert.Contains(words, failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_of_nothing_is_a_head_alone()
    {
        var output = new ArrayBufferWriter<byte>();
        GrpcFrame.Write(output, new GetDeferredRequest());
        GrpcFrame.Write(output, new GetDeferredRequest { RequestId = new string('x', 300) });
        Assert.Equal("0000000000" + "000000012F0AAC02", Convert.ToHexString(output.WrittenSpan[..13]));
        Assert.Equal(5 + 5 + 303, output.WrittenCount);
    }

    private static Recorder Read(ReadOnlySpan<byte> bytes, int[] sizes)
    {
        var (reader, sink) = (new Dialects.XaiGrpc.StreamReader(), new Recorder());
        int from = 0, to = 0, turn = 0;
        while (to < bytes.Length)
        {
            to = sizes.Length > 0 ? Math.Min(bytes.Length, to + sizes[turn++ % sizes.Length]) : bytes.Length;
            while (GrpcFrame.TryRead(bytes[from..to], 1 << 20, out var frame, out var failure))
            {
                Assert.Null(failure);
                reader.Read(new SseFrame { Data = frame.Message, HasData = true }, sink);
                from += frame.Length;
            }
        }

        Assert.Equal(bytes.Length, from);
        reader.EndOfBody(sink);
        return sink;
    }
}
