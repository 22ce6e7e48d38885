using Milliways.Fuzz;

namespace Milliways.Tests.Fuzz;

/// <summary>A short run of ./fuzz.</summary>
public sealed class FuzzTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(42)]
    public void No_changed_recording_breaks_a_reader_or_makes_a_cut_answer_whole(int seed)
    {
        var fuzzer = new Fuzzer((ulong)seed);
        var wrong = Enumerable.Range(0, 6000).Select(number => fuzzer.Run(number)).OfType<string>().Take(3).ToList();
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void A_case_is_the_same_again()
    {
        var corpus = new Corpus();
        foreach (var target in Targets.All)
            Assert.Equal(target.Make(corpus, new Throws(7)), target.Make(corpus, new Throws(7)));
    }
}
