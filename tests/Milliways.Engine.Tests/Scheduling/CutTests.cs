namespace Milliways.Engine.Tests.Scheduling;

/// <summary>What leaves one token to choose from chooses the likeliest, however boldly it would choose among more.</summary>
public sealed class CutTests(Models models)
{
    private static readonly SamplingOptions Bold = new() { Temperature = 2, TopP = 1, TopK = 0, MinP = 0, RepeatPenalty = 1, Seed = 11 };

    [Theory]
    [InlineData("top_k 1")]
    [InlineData("min_p 1")]
    [InlineData("top_p tiny")]
    public async Task One_token_left_is_the_greedy_one(string cut)
    {
        var sampling = cut switch { "top_k 1" => Bold with { TopK = 1 }, "min_p 1" => Bold with { MinP = 1 }, _ => Bold with { TopP = 1e-6f } };

        var greedy = await AnswerAsync(Asking.Greedy);
        var bold = await AnswerAsync(Bold);
        var cutShort = await AnswerAsync(sampling);

        Assert.NotEqual(greedy, bold); // or the cut would have nothing to do
        Assert.Equal(greedy, cutShort);
    }

    private async Task<string> AnswerAsync(SamplingOptions sampling) =>
        (await models.Chat.AnswerAsync(new GenerationRequest { Prompt = models.Chat.Ask("Tell me a short story about a fox."), MaxTokens = 24, Sampling = sampling })).Text;
}
