using System.Globalization;
using System.Text;
using Milliways.Tests.Support;
using Milliways.Upstreams.Http1;

namespace Milliways.Tests.Upstreams.Http1;

/// <summary>The framing of a body in chunks (RFC 9112 §7.1), taken off where the bytes lie.</summary>
public sealed class ChunkedDecoderTests
{
    [Fact]
    public void Any_body_in_any_chunks_that_comes_in_any_pieces_is_the_body() => Dice.Check(dice =>
    {
        var body = Enumerable.Range(0, dice.Upto(3000)).Select(i => (byte)((i * 7) + (i >> 8))).ToArray();
        var framed = new List<byte>();
        for (var at = 0; at < body.Length;)
        {
            var part = Math.Min(1 + dice.Upto(dice.Flip() ? 8 : 900), body.Length - at);
            framed.AddRange(Encoding.ASCII.GetBytes(Size(part, dice) + Line(dice)));
            framed.AddRange(body.AsSpan(at, part));
            framed.AddRange(Encoding.ASCII.GetBytes(Line(dice)));
            at += part;
        }
        framed.AddRange(Encoding.ASCII.GetBytes("000" + Line(dice) + (dice.Upto(3) == 0 ? "Server-Timing: \r1" + Line(dice) : "") + Line(dice)));
        var end = framed.Count;
        framed.AddRange("HTTP/1.1"u8);

        var (decoder, got, used) = (new ChunkedDecoder(), new List<byte>(), 0);
        while (!decoder.IsDone)
        {
            // In its own place, as a read has it, or into somebody else's memory that is too small.
            var piece = framed.Skip(used).Take(1 + dice.Upto(dice.Flip() ? 3 : 2000)).ToArray();
            var into = dice.Flip() ? piece : new byte[1 + dice.Upto(piece.Length)];
            var (took, written) = decoder.Decode(piece, into);
            got.AddRange(into.AsSpan(0, written));
            used += took;
        }

        Assert.Equal(body, got);
        Assert.Equal(end, used);
        Assert.Equal((0, 0), decoder.Decode("1\r\nx"u8, new byte[8]));
    });

    [Theory]
    [InlineData("\r\n")]
    [InlineData("x\r\n")]
    [InlineData("-1\r\n")]
    [InlineData("0x5\r\nhello\r\n")]
    [InlineData("5hello\r\n")]
    [InlineData("1000000000000000\r\n")]
    [InlineData("5\r\nhello!\r\n")]
    [InlineData("5\r\nhello0\r\n\r\n")]
    [InlineData("5\r\nhello\rx")]
    [InlineData("0\r\n\rx")]
    public void What_is_no_framing_is_refused(string bytes) =>
        Assert.Throws<InvalidDataException>(() => new ChunkedDecoder().Decode(Encoding.ASCII.GetBytes(bytes), new byte[100]));

    [Theory]
    [InlineData("5;")]
    [InlineData("0\r\nx: ")]
    [InlineData("0\r\n")]
    public void Nothing_is_read_over_without_end(string begun)
    {
        var decoder = new ChunkedDecoder();
        decoder.Decode(Encoding.ASCII.GetBytes(begun), new byte[8]);
        var line = Encoding.ASCII.GetBytes(begun.EndsWith('\n') ? "a: b\r\n" : "yyyyyyyy");

        Assert.Throws<InvalidDataException>(() =>
        {
            for (var i = 0; i < 10_000; i++)
                decoder.Decode(line, new byte[8]);
        });
    }

    private static string Size(int size, Dice dice) => new string('0', dice.Upto(3)) + (dice.Flip() ? size.ToString("x", CultureInfo.InvariantCulture) : size.ToString("X", CultureInfo.InvariantCulture))
        + (dice.Upto(6) switch { 0 => ";name=\"va;lue\"", 1 => "  ", _ => "" });

    private static string Line(Dice dice) => dice.Upto(8) == 0 ? "\n" : "\r\n";
}
