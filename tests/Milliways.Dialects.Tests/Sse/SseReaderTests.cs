using System.Text;
using Milliways.Dialects.Sse;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Sse;

public sealed class SseReaderTests
{
    private static List<string> Read(string stream, IReadOnlyList<int>? pieces = null)
    {
        var seen = new List<string>();
        Wire.Frames(Encoding.UTF8.GetBytes(stream), pieces, (in frame) =>
        {
            if (frame.HasData) seen.Add(Encoding.UTF8.GetString(frame.Event) + "|" + Encoding.UTF8.GetString(frame.Data));
        });
        return seen;
    }

    [Theory]
    [InlineData("data: a\n\n", "|a")]
    [InlineData("data:a\n\n", "|a")] // SSE-01
    [InlineData("data:  a\n\n", "| a")]
    [InlineData("data: a\r\n\r\n", "|a")] // SSE-04
    [InlineData("data: a\r\r", "|a")]
    [InlineData("data: a\r\n\n", "|a")]
    [InlineData("data: a\n\r\n", "|a")]
    [InlineData("\uFEFFdata: a\n\n", "|a")]
    [InlineData("event: x\ndata: a\n\n", "x|a")]
    [InlineData("data: a\nevent: x\n\n", "x|a")]
    [InlineData("data: a\ndata: b\ndata:c\n\n", "|a\nb\nc")] // SSE-12
    [InlineData("data\n\n", "|")]
    [InlineData("id: 1\nretry: 5\ndata: a\n\n", "|a")]
    [InlineData("datum: x\ndatas: y\ndata: a\n\n", "|a")]
    [InlineData(": OPENROUTER PROCESSING\n\ndata: a\n\n", "|a")]
    [InlineData("\n\n\ndata: a\n\n", "|a")]
    [InlineData("data: a", "|a")] // SSE-09
    [InlineData("data: a\n", "|a")]
    [InlineData("data: a\r", "|a")]
    public void A_frame_is_read_however_it_is_written(string stream, string expected)
    {
        Assert.Equal([expected], Read(stream));
        Assert.Equal([expected], Read(stream, [1]));
    }

    [Fact]
    public void Frames_without_data_are_no_events()
    {
        Assert.Empty(Read("event: x\n\n: c\n\nid: 7\n\nretry: 3\n\n\n"));
    }

    [Fact]
    public void A_character_cut_in_two_by_the_network_is_whole_again() // SSE-03
    {
        Assert.Equal(["|生命🐬"], Read("data: 生命🐬\n\n", [1]));
    }

    [Fact]
    public void Any_chunking_and_any_line_ends_give_the_frames_of_the_whole() => Dice.Check((dice, pieces) => // SSE-02
    {
        var stream = new StringBuilder(dice.Flip() ? "\uFEFF" : "");
        var expected = new List<string>();
        foreach (var _ in Enumerable.Range(0, dice.Upto(8)))
        {
            string[] datas = [.. dice.Many(3, _ => dice.One("a", "", "生", "x: y", "🐬 ", "{\"d\":1}"))];
            var name = dice.One("", "error", "ping");
            if (dice.Flip()) stream.Append(": note").Append(End());
            if (name.Length > 0) stream.Append("event: ").Append(name).Append(End());
            foreach (var data in datas) stream.Append(dice.Flip() || data.StartsWith(' ') ? "data: " : "data:").Append(data).Append(End());
            stream.Append(End());
            // CR and LF as two ends of two lines are one end: keep them apart.
            if (datas.Length > 0) expected.Add(name + "|" + string.Join('\n', datas));
            string End() => dice.One("\n", "\r\n", "\r\n");
        }

        Assert.Equal(expected, Read(stream.ToString()));
        Assert.Equal(expected, Read(stream.ToString(), pieces));
        var carriage = stream.Replace("\r\n", "\n").Replace('\n', '\r').ToString();
        Assert.Equal(expected, Read(carriage, pieces));
    });

    [Fact]
    public void Raw_lengths_cover_every_byte_in_order()
    {
        var bytes = Encoding.UTF8.GetBytes("\uFEFF: c\r\n\r\ndata: a\r\n\r\nevent: e\ndata: b\n\n\n");
        var total = 0;
        Wire.Frames(bytes, [3], (in frame) => total += frame.Length);
        Assert.Equal(bytes.Length, total);
    }

    [Fact]
    public void A_comment_is_told_apart_as_a_sign_of_life()
    {
        var comments = 0;
        Wire.Frames(": keepalive\n\ndata: a\n\n: x\ndata: b\n\n"u8.ToArray(), null, (in frame) => comments += frame.IsComment ? 1 : 0);
        Assert.Equal(1, comments);
    }

    [Fact]
    public void A_frame_beyond_the_limit_is_a_failure()
    {
        var reader = new SseReader(100);
        Assert.False(reader.TryReadFrame(Encoding.UTF8.GetBytes("data: " + new string('x', 200)), out _));
        Assert.NotNull(reader.Failure);
        reader = new SseReader(100);
        Assert.False(reader.TryReadFrame(Encoding.UTF8.GetBytes("data: " + new string('x', 200) + "\n\n"), out _));
        Assert.NotNull(reader.Failure);
        Assert.False(reader.TryReadFrame("data: a\n\n"u8, out _));
    }

    [Fact]
    public void A_long_frame_in_many_pieces_is_searched_once()
    {
        var bytes = Encoding.UTF8.GetBytes("data: " + new string('x', 4_000_000) + "\n\n");
        var before = Environment.TickCount64;
        var frames = 0;
        Wire.Frames(bytes, [64], (in _) => frames++);
        Assert.Equal(1, frames);
        Assert.True(Environment.TickCount64 - before < 5_000, "the search starts over with every piece");
    }
}
