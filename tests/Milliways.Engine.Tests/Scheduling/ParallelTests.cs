namespace Milliways.Engine.Tests.Scheduling;

public sealed class ParallelTests(Models models)
{
    // Kernels for other batch sizes add up in another order, and the 8-bit rounding of activations between thirty layers magnifies the last bit.
    // Measured, with and without flash attention: leads move by up to 0.76 logits, and with it tokens changed at leads up to 0.16.
    // An answer that saw another sequence's cells would be wrong by whole logits.
    private const float Tie = 0.5f;
    private const int Tokens = 24;

    private static readonly string[] Questions =
    [
        "Hi!", "Tell me a short story about a fox.", "Write one sentence about the sea.", "What is 2+2?",
        "List three fruits.", "Who are you?", "Explain rain to a child.", "What is the capital of France?",
    ];

    [Theory]
    [InlineData(4)]
    [InlineData(32)]
    public async Task Streams_side_by_side_say_what_each_says_alone(int streams)
    {
        var alone = new Dictionary<string, (Answer Answer, GapProbe Probe)>();
        foreach (var question in Questions.Take(streams))
        {
            var probe = new GapProbe();
            alone[question] = (await models.Chat.AnswerAsync(Request(question, probe)), probe);
        }

        var probes = Enumerable.Range(0, streams).Select(_ => new GapProbe()).ToArray();
        var generations = probes.Select((probe, i) => models.Chat.Start(Request(Questions[i % Questions.Length], probe))).ToArray();
        var answers = await Task.WhenAll(generations.Select(Answer.ReadAsync));

        var (compared, possible) = (0, 0);
        for (var i = 0; i < streams; i++)
        {
            var (expected, expectedProbe) = alone[Questions[i % Questions.Length]];
            var same = SameSteps(expectedProbe.Steps, probes[i].Steps);
            compared += same;
            possible += expectedProbe.Steps.Length;
            if (same == expectedProbe.Steps.Length)
                Assert.Equal(expected.Text, answers[i].Text);
        }
        // If ties excused most steps, the comparison would be worth nothing.
        Assert.InRange(compared, possible / 2, possible);
    }

    // How many steps agree until the end or the first tie that went the other way. Any other difference fails.
    private static int SameSteps(GapProbe.Step[] expected, GapProbe.Step[] actual)
    {
        for (var i = 0; i < Math.Min(expected.Length, actual.Length); i++)
        {
            if (expected[i].Best == actual[i].Best)
                continue;
            var lead = expected[i].LeadOver(actual[i].Best);
            Assert.True(lead < Tie, $"step {i} chose {actual[i].Best}, alone {expected[i].Best} with a lead of {lead}");
            return i;
        }
        Assert.Equal(expected.Length, actual.Length);
        return expected.Length;
    }

    private GenerationRequest Request(string question, GapProbe probe) => new()
    {
        Prompt = models.Chat.Ask(question),
        Sampling = Asking.Greedy,
        MaxTokens = Tokens,
        Probe = probe.See,
    };
}
