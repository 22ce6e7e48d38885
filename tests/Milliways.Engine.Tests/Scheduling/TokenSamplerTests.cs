using Milliways.Engine.Scheduling;

namespace Milliways.Engine.Tests.Scheduling;

public sealed class TokenSamplerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1024)]
    [InlineData(1025)]
    [InlineData(49152)]
    public void The_largest_is_found_wherever_it_stands(int length)
    {
        var values = new float[length];
        for (var i = 0; i < length; i++)
            values[i] = -1 - (i * 31 % 97);
        foreach (var at in new[] { 0, length / 3, length / 2, length - 1 })
        {
            var before = values[at];
            values[at] = -0.5f;
            Assert.Equal(at, TokenSampler.IndexOfLargest(values));
            values[at] = before;
        }
    }

    [Fact]
    public void Of_equals_the_first_is_taken() => Assert.Equal(1, TokenSampler.IndexOfLargest([0, 3, 3]));

    [Fact]
    public void No_seed_becomes_the_value_by_which_llama_means_random() =>
        Assert.NotEqual(uint.MaxValue, (ResolvedSampling.From(new SamplingOptions { Seed = uint.MaxValue }, new SamplingOptions())).SeedOf(0));
}
