using FsCheck;
using FsCheck.Fluent;
using Milliways.Engine.Scheduling;

namespace Milliways.Engine.Tests.Scheduling;

public sealed class StopMatcherTests
{
    // Two letters and short texts, so that stop sequences overlap, nest and half-match all the time.
    private static readonly Gen<string> Letters = Gen.Elements('a', 'b').ArrayOf().Select(c => new string(c));
    private static readonly Gen<string> Stop = Gen.Elements('a', 'b').NonEmptyListOf().Select(c => new string([.. c.Take(5)]));

    [Fact]
    public void Any_chunking_gives_what_a_search_in_the_whole_text_gives()
    {
        var cases = from stops in Stop.ArrayOf() from chunks in Letters.ArrayOf() select (Stops: stops.Take(4).ToArray(), Chunks: chunks);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(cases.ToArbitrary(), test =>
        {
            var matcher = new StopMatcher(test.Stops);
            var text = "";
            foreach (var chunk in test.Chunks)
            {
                text += matcher.Append(chunk);
                if (matcher.Found is not null)
                    break;
            }
            if (matcher.Found is null)
                text += matcher.Flush();
            return (text, matcher.Found) == Search(string.Concat(test.Chunks), test.Stops);
        }));
    }

    [Fact]
    public void Text_that_can_no_longer_become_a_stop_sequence_is_not_held_back()
    {
        var matcher = new StopMatcher(["abcd"]);
        Assert.Equal("x", matcher.Append("xabc"));
        Assert.Equal("ab", matcher.Append("abc")[..2]);
        Assert.Null(matcher.Found);
    }

    // The first end of any stop sequence, and of those ending there the longest.
    private static (string Text, string? Found) Search(string text, string[] stops)
    {
        for (var end = 1; end <= text.Length; end++)
        {
            var found = stops.Where(s => text.AsSpan(0, end).EndsWith(s)).MaxBy(s => s.Length);
            if (found is not null)
                return (text[..(end - found.Length)], found);
        }
        return (text, null);
    }
}
