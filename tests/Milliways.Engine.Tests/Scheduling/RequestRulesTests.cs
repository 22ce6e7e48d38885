namespace Milliways.Engine.Tests.Scheduling;

public sealed class RequestRulesTests(Models models)
{
    public static TheoryData<string, string> Broken => new()
    {
        { "n 0", "n" }, { "n 17", "n" }, { "max 0", "max_tokens" }, { "stops 5", "stop" }, { "stop empty", "stop" }, { "stop surrogate", "stop" },
        { "temperature NaN", "temperature" }, { "temperature -1", "temperature" }, { "top_p 2", "top_p" }, { "min_p -1", "min_p" }, { "frequency 3", "frequency_penalty" },
        { "presence inf", "presence_penalty" }, { "repeat 0", "repetition_penalty" }, { "top_k -1", "top_k" }, { "window -1", "repeat_last_n" },
        { "bias id", "logit_bias" }, { "bias below", "logit_bias" }, { "bias NaN", "logit_bias" }, { "prompt empty", "prompt" }, { "n times max", "n" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void What_cannot_be_done_or_would_end_the_process_is_refused_by_name(string what, string parameter)
    {
        var refusal = Assert.IsType<Refusal.InvalidParameter>(models.Chat.Submit(Request(what)).Refusal);
        Assert.Equal(parameter, refusal.Name);
    }

    [Fact]
    public async Task A_prompt_of_another_model_is_refused()
    {
        await using var other = LanguageModel.Load(models.Library, new LanguageModelOptions { Path = Models.ChatFile });
        var refusal = Assert.IsType<Refusal.InvalidParameter>(models.Chat.Submit(new GenerationRequest { Prompt = other.Raw("x") }).Refusal);
        Assert.Equal("prompt", refusal.Name);
    }

    private GenerationRequest Request(string what)
    {
        var good = new GenerationRequest { Prompt = models.Chat.Raw("x") };
        return what switch
        {
            "n 0" => good with { Choices = 0 },
            "n 17" => good with { Choices = 17 },
            "n times max" => good with { Choices = 16, MaxTokens = 8000 },
            "max 0" => good with { MaxTokens = 0 },
            "stops 5" => good with { Stop = ["a", "b", "c", "d", "e"] },
            "stop empty" => good with { Stop = [""] },
            "stop surrogate" => good with { Stop = ["\uDE00"] },
            "temperature NaN" => good with { Sampling = new() { Temperature = float.NaN } },
            "temperature -1" => good with { Sampling = new() { Temperature = -1 } },
            "top_p 2" => good with { Sampling = new() { TopP = 2 } },
            "min_p -1" => good with { Sampling = new() { MinP = -1 } },
            "frequency 3" => good with { Sampling = new() { FrequencyPenalty = 3 } },
            "presence inf" => good with { Sampling = new() { PresencePenalty = float.PositiveInfinity } },
            "repeat 0" => good with { Sampling = new() { RepeatPenalty = 0 } },
            "top_k -1" => good with { Sampling = new() { TopK = -1 } },
            "window -1" => good with { Sampling = new() { RepeatLastTokens = -1 } },
            "bias id" => good with { Sampling = new() { LogitBias = new Dictionary<int, float> { [49152] = 1 } } },
            "bias below" => good with { Sampling = new() { LogitBias = new Dictionary<int, float> { [-1] = 1 } } },
            "bias NaN" => good with { Sampling = new() { LogitBias = new Dictionary<int, float> { [5] = float.NaN } } },
            "prompt empty" => good with { Prompt = models.Chat.Raw("") },
            _ => throw new ArgumentOutOfRangeException(nameof(what)),
        };
    }
}
