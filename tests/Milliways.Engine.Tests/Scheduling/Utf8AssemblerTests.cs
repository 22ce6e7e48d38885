using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Milliways.Engine.Scheduling;

namespace Milliways.Engine.Tests.Scheduling;

public sealed class Utf8AssemblerTests
{
    // Whole characters of each length among arbitrary bytes, so that cut, stray and overlong sequences all come up.
    private static readonly Gen<byte[]> Pieces = Gen.OneOf(
        Gen.Elements("a", "\u00e9", "\u20ac", "\U0001F600").Select(Encoding.UTF8.GetBytes),
        ArbMap.Default.GeneratorFor<byte>().ArrayOf());

    [Fact]
    public void Any_bytes_in_any_pieces_give_the_text_of_the_whole() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(Pieces.ArrayOf().ToArbitrary(), pieces =>
        {
            var all = pieces.SelectMany(p => p).ToArray();
            var whole = WithoutCutEnd(all);
            return Assemble(pieces) == whole && Assemble([.. all.Select(b => new[] { b })]) == whole;
        }));

    [Fact]
    public void A_character_is_given_when_its_last_byte_has_come()
    {
        var assembler = new Utf8Assembler();
        Assert.Equal("", assembler.Append([0xF0, 0x9F]).ToString());
        Assert.Equal("", assembler.Append([0x98]).ToString());
        Assert.Equal("\U0001F600", assembler.Append([0x80]).ToString());
    }

    [Fact]
    public void A_character_cut_by_the_end_is_left_out() => Assert.Equal("a", Assemble([[(byte)'a', 0xF0, 0x9F], [0x98]]));

    /// <summary>The text of the whole, without a character that its end cuts.</summary>
    private static string WithoutCutEnd(byte[] all)
    {
        for (var back = 1; back <= Math.Min(3, all.Length); back++)
            if (Rune.DecodeFromUtf8(all.AsSpan(all.Length - back), out _, out _) == OperationStatus.NeedMoreData)
                return Encoding.UTF8.GetString(all.AsSpan(0, all.Length - back));
        return Encoding.UTF8.GetString(all);
    }

    private static string Assemble(byte[][] pieces)
    {
        var assembler = new Utf8Assembler();
        var text = new StringBuilder();
        foreach (var piece in pieces)
            text.Append(assembler.Append(piece));
        return text.ToString();
    }
}
