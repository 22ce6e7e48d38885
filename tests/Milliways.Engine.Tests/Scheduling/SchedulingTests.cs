using System.Collections.Concurrent;

namespace Milliways.Engine.Tests.Scheduling;

public sealed class SchedulingTests(Models models)
{
    private const string Endless = "one two three four five six seven eight one two three four five six seven eight one two three four";

    [Fact]
    public async Task A_cancelled_sequence_gets_no_further_step_and_frees_its_place()
    {
        await using var model = Load(new() { Path = Models.ChatFile, Sequences = 1 });
        var steps = 0;
        Generation? first = null;
        using var submitted = new ManualResetEventSlim();
        first = model.Start(Long(model) with
        {
            Probe = (_, step, _) =>
            {
                submitted.Wait();
                steps++;
                if (step == 3)
                    first!.Cancel();
            },
        });
        var second = model.Start(Long(model) with { MaxTokens = 2 });
        submitted.Set();

        var cancelled = await Answer.ReadAsync(first);
        var other = await Answer.ReadAsync(second);
        Assert.Equal(4, steps);
        Assert.Equal(FinishReason.Cancelled, cancelled.Finished.Single().Reason);
        Assert.Equal(4, cancelled.Usage.CompletionTokens);
        Assert.Equal(2, other.Usage.CompletionTokens);
        first.Cancel();
    }

    [Fact]
    public async Task A_request_cancelled_while_it_waits_is_never_started()
    {
        await using var model = Load(new() { Path = Models.ChatFile, Sequences = 1 });
        var running = model.Start(Long(model));
        await running.NextAsync<GenerationEvent.Started>();
        using var source = new CancellationTokenSource();
        var waiting = model.Submit(Long(model), source.Token).Generation!;
        await source.CancelAsync();
        var answer = await Answer.ReadAsync(waiting);
        Assert.DoesNotContain(answer.Events, e => e is GenerationEvent.Started);
        Assert.Equal(new GenerationUsage(0, 0), answer.Usage);
        running.Cancel();
        Assert.IsType<GenerationEvent.Ended>((await Answer.ReadAsync(running)).Events[^1]);
    }

    [Fact]
    public async Task Cancelling_while_the_prompt_is_read_leaves_the_rest_of_it_unread()
    {
        await using var model = Load(new() { Path = Models.ChatFile });
        var generation = model.Start(new GenerationRequest { Prompt = Words(model, 4000) });
        await generation.NextAsync<GenerationEvent.Started>();
        generation.Cancel();
        var ended = await generation.NextAsync<GenerationEvent.Ended>();
        Assert.InRange(ended.Usage.PromptTokens, 0, 3999);
        Assert.Equal(0, ended.Usage.CompletionTokens);

        // The aborted step left nothing behind that would disturb the next request.
        var greeting = await model.AnswerAsync(new GenerationRequest { Prompt = model.Ask("Hi!"), Sampling = new SamplingOptions { Temperature = 0 } });
        Assert.Equal("Hello! How can I assist you today?", greeting.Text);
        Assert.Equal(0, model.CurrentLoad.ReservedTokens);
    }

    [Fact]
    public async Task A_full_queue_refuses_with_a_hint_and_takes_again_when_there_is_room()
    {
        await using var model = Load(new() { Path = Models.ChatFile, Sequences = 1, QueueLimit = 2 });
        var running = model.Start(Long(model));
        await running.NextAsync<GenerationEvent.Started>();
        var (second, third) = (model.Start(Long(model) with { MaxTokens = 1 }), model.Start(Long(model) with { MaxTokens = 1 }));

        var refusal = Assert.IsType<Refusal.QueueFull>(model.Submit(Long(model)).Refusal);
        Assert.True(refusal.RetryAfter >= TimeSpan.FromSeconds(1));
        Assert.Equal((1, 2), (model.CurrentLoad.Running, model.CurrentLoad.Queued));

        running.Cancel();
        await Answer.ReadAsync(second);
        await Answer.ReadAsync(third);
        Assert.NotNull(model.Submit(Long(model) with { MaxTokens = 1 }).Generation);
    }

    [Fact]
    public async Task One_caller_with_forty_requests_does_not_starve_another()
    {
        await using var model = Load(new() { Path = Models.ChatFile, Sequences = 1 });
        var order = new ConcurrentQueue<string>();
        using var submitted = new ManualResetEventSlim();
        var greedy = Enumerable.Range(0, 40).Select(_ => Submit("greedy")).ToList();
        var modest = Submit("modest");
        submitted.Set();

        await Task.WhenAll(greedy.Append(modest).Select(Answer.ReadAsync));
        Assert.Equal(41, order.Count);
        // One was running and one was at the head of the line.
        Assert.InRange(order.ToList().IndexOf("modest"), 0, 2);

        Generation Submit(string key) => model.Start(new GenerationRequest
        {
            Prompt = model.Raw("one two"),
            MaxTokens = 1,
            FairnessKey = key,
            Probe = (_, _, _) =>
            {
                submitted.Wait();
                order.Enqueue(key);
            },
        });
    }

    [Fact]
    public async Task A_long_prompt_does_not_hold_up_a_running_stream()
    {
        const int Slice = 16;
        await using var model = Load(new() { Path = Models.ChatFile, PromptSlice = Slice, DefaultMaxTokens = 4000 });
        var steps = new List<long>();
        var firstOfLong = 0L;
        var running = model.Start(Long(model) with { Probe = (_, _, _) => steps.Add(model.CurrentLoad.Steps) });
        await running.NextAsync<GenerationEvent.Text>();
        var prompt = Words(model, 300);
        var generation = model.Start(new GenerationRequest { Prompt = prompt, MaxTokens = 1, Probe = (_, _, _) => firstOfLong = model.CurrentLoad.Steps });
        await Answer.ReadAsync(generation);
        running.Cancel();
        await Answer.ReadAsync(running);

        // The stream had a token in every single step, and the prompt took as many steps as it has slices.
        Assert.All(steps.Zip(steps.Skip(1)), pair => Assert.Equal(1, pair.Second - pair.First));
        Assert.True(firstOfLong >= prompt.Count / Slice, $"{prompt.Count} tokens in {firstOfLong} steps");
    }

    [Fact]
    public async Task The_cache_grows_under_a_running_answer_without_changing_it_and_shrinks_at_rest()
    {
        await using var model = Load(new() { Path = Models.ChatFile, IdlePoolTokens = 256, PoolTokens = 4096, ShrinkAfter = TimeSpan.Zero });
        var request = new GenerationRequest { Prompt = model.Ask("Tell me a short story about a fox."), Sampling = Asking.Greedy, MaxTokens = 30 };
        var alone = await model.AnswerAsync(request);
        Assert.Equal(256, model.CurrentLoad.PoolTokens);

        var (grown, rested) = (0, new TaskCompletionSource());
        Generation? other = null;
        var answer = await model.AnswerAsync(request with
        {
            Probe = (_, step, _) =>
            {
                if (step == 10)
                    other = model.Start(Long(model) with { Prompt = Words(model, 600), Probe = (_, _, _) => grown = model.CurrentLoad.PoolTokens });
            },
        });
        Assert.Equal(alone.Text, answer.Text);
        Assert.Equal(1024, grown);

        other!.Cancel();
        model.Loop.AfterRound = () =>
        {
            if (model.CurrentLoad.PoolTokens == 256)
                rested.TrySetResult();
        };
        await rested.Task;
        Assert.Equal(alone.Text, (await model.AnswerAsync(request)).Text);
    }

    [Fact]
    public async Task A_full_context_ends_an_answer_and_a_prompt_beyond_it_is_refused()
    {
        await using var model = Load(new() { Path = Models.ChatFile, ContextTokens = 64 });
        Assert.Equal(64, model.Facts.ContextTokens);
        var answer = await model.AnswerAsync(Long(model) with { Prompt = Words(model, 60), MaxTokens = 100 });
        Assert.Equal((FinishReason.ContextFull, 4), (answer.Finished[0].Reason, answer.Finished[0].CompletionTokens));

        Assert.Equal(new Refusal.ContextExceeded(64, 64), model.Submit(new GenerationRequest { Prompt = Words(model, 64) }).Refusal);
        Assert.NotNull(model.Submit(new GenerationRequest { Prompt = Words(model, 63), MaxTokens = 1 }).Generation);
    }

    [Fact]
    public async Task Unloading_fails_what_runs_and_what_waits_and_refuses_the_next()
    {
        var model = Load(new() { Path = Models.ChatFile, Sequences = 1 });
        var (running, waiting) = (model.Start(Long(model)), model.Start(Long(model)));
        await running.NextAsync<GenerationEvent.Started>();
        var late = Long(model);
        await model.DisposeAsync();
        Assert.IsType<GenerationEvent.Failed>((await Answer.ReadAsync(running)).Events[^1]);
        Assert.IsType<GenerationEvent.Failed>((await Answer.ReadAsync(waiting)).Events[^1]);
        Assert.IsType<Refusal.Closed>(model.Submit(late).Refusal);
    }

    [Fact]
    public async Task The_heartbeat_goes_on_with_each_step_and_knows_of_work()
    {
        var beats = new List<Heartbeat>();
        await models.Chat.AnswerAsync(Long(models.Chat) with { MaxTokens = 4, Probe = (_, _, _) => beats.Add(models.Chat.Heartbeat) });
        Assert.Equal(4, beats.Count);
        Assert.All(beats, beat => Assert.True(beat.WorkPending));
        Assert.All(beats.Zip(beats.Skip(1)), pair => Assert.True(pair.Second.Steps > pair.First.Steps && pair.Second.Timestamp > pair.First.Timestamp));
    }

    private static GenerationRequest Long(LanguageModel model) => new() { Prompt = model.Raw(Endless), Sampling = Asking.Greedy, MaxTokens = 2000 };

    private static Prompt Words(LanguageModel model, int tokens)
    {
        var prompt = model.Raw(string.Concat(Enumerable.Repeat(" word", tokens)));
        Assert.Equal(tokens, prompt.Count);
        return prompt;
    }

    private LanguageModel Load(LanguageModelOptions options) => LanguageModel.Load(models.Library, options);
}
