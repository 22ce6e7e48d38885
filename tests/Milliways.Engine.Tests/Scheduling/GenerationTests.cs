namespace Milliways.Engine.Tests.Scheduling;

public sealed class GenerationTests(Models models)
{
    private const int EndOfTurn = 2;
    private const string Greeting = "Hello! How can I assist you today?";

    private LanguageModel Model => models.Chat;

    [Fact]
    public async Task An_answer_is_started_told_finished_and_ended_with_its_usage()
    {
        var answer = await Greet(new GenerationRequest { Prompt = Model.Ask("Hi!") });

        Assert.Equal(Greeting, answer.Text);
        Assert.IsType<GenerationEvent.Started>(answer.Events[0]);
        var tokens = Model.Tokenize(Greeting).Count;
        Assert.Equal(new GenerationEvent.Finished(0, FinishReason.Stop, null, tokens), Assert.Single(answer.Finished));
        Assert.Equal(tokens, answer.Events.OfType<GenerationEvent.Text>().Sum(t => t.Tokens));
        Assert.Equal(new GenerationUsage(Model.Ask("Hi!").Count, tokens), answer.Usage);
    }

    [Theory]
    [InlineData("assist you", "Hello! How can I ")]
    [InlineData("! H", "Hello")]
    [InlineData("Hello", "")]
    [InlineData("day?", "Hello! How can I assist you to")]
    public async Task A_stop_sequence_ends_the_text_before_it_wherever_tokens_end(string stop, string expected)
    {
        var answer = await Greet(new GenerationRequest { Prompt = Model.Ask("Hi!"), Stop = ["never", stop] });
        Assert.Equal(expected, answer.Text);
        Assert.Equal((FinishReason.StopSequence, stop), (answer.Finished[0].Reason, answer.Finished[0].StopSequence));
    }

    [Fact]
    public async Task What_only_began_like_a_stop_sequence_is_part_of_the_text()
    {
        var answer = await Greet(new GenerationRequest { Prompt = Model.Ask("Hi!"), Stop = ["assist me", "today? Or"] });
        Assert.Equal(Greeting, answer.Text);
        Assert.Equal((FinishReason.Stop, null), (answer.Finished[0].Reason, answer.Finished[0].StopSequence));
    }

    [Fact]
    public async Task The_limit_of_tokens_ends_a_choice_exactly()
    {
        var answer = await Greet(new GenerationRequest { Prompt = Model.Ask("Hi!"), MaxTokens = 3 });
        Assert.Equal("Hello! How", answer.Text);
        Assert.Equal((FinishReason.MaxTokens, 3), (answer.Finished[0].Reason, answer.Finished[0].CompletionTokens));
        Assert.Equal(3, answer.Usage.CompletionTokens);
    }

    [Fact]
    public async Task Characters_of_several_tokens_are_never_cut()
    {
        // A bias forces the three tokens of one symbol, over and over.
        var pieces = Model.Tokenize("\U0001F9FF").Select(p => p.Id).ToArray();
        Assert.True(pieces.Length > 1);
        var prompt = Model.Raw(string.Concat(Enumerable.Repeat("\U0001F9FF", 12)));
        var answer = await Model.AnswerAsync(new GenerationRequest { Prompt = prompt, Sampling = Asking.Greedy, MaxTokens = (pieces.Length * 3) + 1 });
        var texts = answer.Events.OfType<GenerationEvent.Text>().Select(t => t.Value).ToList();
        Assert.Contains("\U0001F9FF", texts);
        Assert.All(texts, t => Assert.DoesNotContain("\uFFFD", t, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Choices_share_one_reading_of_the_prompt_and_are_told_apart()
    {
        var prompt = Model.Ask("Tell me a story.");
        var before = Model.CurrentLoad.PromptTokens;
        var answer = await Model.AnswerAsync(new GenerationRequest { Prompt = prompt, Choices = 3, MaxTokens = 16, Sampling = new SamplingOptions { Temperature = 1.5f, TopP = 1, Seed = 7 } });

        Assert.Equal(prompt.Count, Model.CurrentLoad.PromptTokens - before);
        Assert.Equal(3, new[] { answer.TextOf(0), answer.TextOf(1), answer.TextOf(2) }.Distinct().Count());
        Assert.Equal([0, 1, 2], answer.Finished.Select(f => f.Choice).Order());
        Assert.Equal(new GenerationUsage(prompt.Count, answer.Finished.Sum(f => f.CompletionTokens)), answer.Usage);
    }

    [Fact]
    public async Task Greedy_choices_are_all_what_one_alone_is()
    {
        var answer = await Greet(new GenerationRequest { Prompt = Model.Ask("Hi!"), Choices = 4 });
        Assert.All(Enumerable.Range(0, 4), choice => Assert.Equal(Greeting, answer.TextOf(choice)));
    }

    [Fact]
    public async Task A_seed_repeats_an_answer_and_another_gives_another()
    {
        Assert.Equal(await Seeded(1), await Seeded(1));
        Assert.NotEqual(await Seeded(1), await Seeded(2));

        async Task<string> Seeded(long seed) => (await Model.AnswerAsync(new GenerationRequest
        {
            Prompt = Model.Ask("Tell me a story."),
            MaxTokens = 20,
            Sampling = new SamplingOptions { Temperature = 1.2f, TopP = 1, Seed = seed },
        })).Text;
    }

    [Fact]
    public async Task The_models_recommendations_hold_where_the_request_says_nothing()
    {
        var request = new GenerationRequest { Prompt = Model.Ask("Tell me a story."), MaxTokens = 24, Sampling = new SamplingOptions { Seed = 5 } };
        var explicitly = request with { Sampling = new SamplingOptions { Seed = 5, Temperature = 0.2f, TopP = 0.9f, RepeatPenalty = 1.05f, RepeatLastTokens = 64 } };
        var otherwise = request with { Sampling = explicitly.Sampling with { Temperature = 2, TopP = 1 } };
        var answer = (await Model.AnswerAsync(request)).Text;
        Assert.Equal((await Model.AnswerAsync(explicitly)).Text, answer);
        Assert.NotEqual((await Model.AnswerAsync(otherwise)).Text, answer);
    }

    [Fact]
    public async Task A_bias_forces_and_forbids_tokens()
    {
        var forced = Model.Tokenize(" fish").Single().Id;
        var fish = await Model.AnswerAsync(new GenerationRequest { Prompt = Model.Ask("Hi!"), MaxTokens = 3, Sampling = Biased(forced, 100) });
        Assert.Equal(" fish fish fish", fish.Text);

        var hello = Model.Tokenize("Hello").Single().Id;
        var other = await Model.AnswerAsync(new GenerationRequest { Prompt = Model.Ask("Hi!"), MaxTokens = 3, Sampling = Biased(hello, -100) });
        Assert.DoesNotContain("Hello", other.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_end_token_is_no_text_and_no_completion_token()
    {
        var answer = await Model.AnswerAsync(new GenerationRequest { Prompt = Model.Ask("Hi!"), Sampling = Biased(EndOfTurn, 100) });
        Assert.Equal(("", FinishReason.Stop, 0), (answer.Text, answer.Finished[0].Reason, answer.Usage.CompletionTokens));
    }

    [Theory]
    [InlineData("frequency")]
    [InlineData("presence")]
    [InlineData("repeat")]
    public async Task A_penalty_makes_an_answer_repeat_itself_less(string which)
    {
        var plain = new GenerationRequest { Prompt = Model.Ask("Tell me a short story about a fox."), Sampling = Asking.Greedy, MaxTokens = 64 };
        var penalised = plain with
        {
            Sampling = Asking.Greedy with
            {
                FrequencyPenalty = which == "frequency" ? 2 : 0,
                PresencePenalty = which == "presence" ? 2 : 0,
                RepeatPenalty = which == "repeat" ? 1.5f : 1,
            },
        };
        var (without, with) = (await DistinctTokens(plain), await DistinctTokens(penalised));
        Assert.True(with > without, $"{with} distinct tokens with the penalty, {without} without");

        async Task<int> DistinctTokens(GenerationRequest request) =>
            Model.Tokenize((await Model.AnswerAsync(request)).Text).Select(t => t.Id).Distinct().Count();
    }

    [Fact]
    public async Task A_reader_that_leaves_early_cancels()
    {
        var generation = Model.Start(new GenerationRequest { Prompt = Model.Ask("Tell me a story."), MaxTokens = 4000 });
        await foreach (var happening in generation.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            if (happening is GenerationEvent.Text)
                break;
        }
        var ended = await generation.NextAsync<GenerationEvent.Ended>();
        Assert.InRange(ended.Usage.CompletionTokens, 1, 3999);
    }

    private static SamplingOptions Biased(int token, float bias) => Asking.Greedy with { LogitBias = new Dictionary<int, float> { [token] = bias } };

    private Task<Answer> Greet(GenerationRequest request) => Model.AnswerAsync(request with { Sampling = new SamplingOptions { Temperature = 0 } });
}
