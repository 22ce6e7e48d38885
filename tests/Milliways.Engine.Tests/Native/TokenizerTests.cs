using System.Text;
using System.Text.Json;

namespace Milliways.Engine.Tests.Native;

public sealed class TokenizerTests(Models models)
{
    public static TheoryData<string> Names => [.. Cases().Select(c => c.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Text_becomes_the_recorded_tokens(string name)
    {
        var (text, expected) = Case(name, "ids");
        Assert.Equal(expected, models.Chat.Tokenize(text).Select(t => t.Id));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_tokens_bytes_join_to_the_text(string name)
    {
        var test = Cases().Single(c => c.GetProperty("name").GetString() == name);
        var text = test.GetProperty("text").GetString()!;
        var expected = test.TryGetProperty("detokenized", out var other) ? other.GetString()! : text;
        var bytes = models.Chat.Tokenize(text).SelectMany(t => t.Bytes.ToArray()).ToArray();
        Assert.Equal(expected, Encoding.UTF8.GetString(bytes));
    }

    [Fact]
    public void A_token_within_a_character_has_its_bytes_and_a_replacement_as_text()
    {
        var pieces = models.Chat.Tokenize("\U0001F9FF");
        Assert.True(pieces.Count > 1);
        Assert.Contains(pieces, p => p.Text.Contains('\uFFFD', StringComparison.Ordinal));
        Assert.Equal("\U0001F9FF"u8.ToArray(), pieces.SelectMany(p => p.Bytes.ToArray()).ToArray());
    }

    private static (string Text, int[] Ids) Case(string name, string ids)
    {
        var test = Cases().Single(c => c.GetProperty("name").GetString() == name);
        return (test.GetProperty("text").GetString()!, [.. test.GetProperty(ids).EnumerateArray().Select(i => i.GetInt32())]);
    }

    private static List<JsonElement> Cases() => [.. Models.Fixture("smollm2-tokenize.json").GetProperty("cases").EnumerateArray()];
}
