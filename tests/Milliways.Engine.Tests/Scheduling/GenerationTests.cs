namespace Milliways.Engine.Tests.Scheduling;

public sealed class GenerationTests(Models models)
{
    [Fact]
    public async Task The_model_greets_back()
    {
        var answer = await models.Chat.AnswerAsync(new GenerationRequest { Prompt = models.Chat.Ask("Hi!"), Sampling = new SamplingOptions { Temperature = 0 } });
        Assert.Equal("Hello! How can I assist you today?", answer.Text);
        Assert.Equal(FinishReason.Stop, answer.Finished.Single().Reason);
    }
}
