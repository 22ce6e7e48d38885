using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Engine;

/// <summary>What the embedded model's answers hold, over plain HTTP.</summary>
public sealed class AnswersTests(SharedServer shared)
{
    [Fact]
    public async Task A_question_gets_an_answer_with_text_and_a_count_that_adds_up()
    {
        var answer = await shared.Api.ChatAsync(Talk.About("What is the capital of France?", 24));

        Assert.NotEmpty(answer["choices"]![0]!["message"]!["content"]!.GetValue<string>());
        var usage = answer["usage"]!;
        Assert.Equal(usage["total_tokens"]!.GetValue<int>(), usage["prompt_tokens"]!.GetValue<int>() + usage["completion_tokens"]!.GetValue<int>());
        Assert.InRange(usage["completion_tokens"]!.GetValue<int>(), 1, 24);
    }
}
