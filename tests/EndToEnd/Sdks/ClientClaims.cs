using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Sdks;

/// <summary>
/// What every client has to find, whatever its language and dialect. Each derived class is one real, unmodified client: it asks, it is refused, it
/// leaves; the claims are these.
/// </summary>
public abstract class ClientClaims(SharedServer shared)
{
    private const string Who = "Who are you?";

    private protected MilliwaysProcess Server => shared.Server;

    /// <summary>The client's word for an answer that used up its tokens.</summary>
    private protected abstract string Length { get; }

    /// <summary>The client's word for an answer that came to a stop text.</summary>
    private protected abstract string Stopped { get; }

    private protected abstract Refusal WrongKey { get; }

    private protected abstract Refusal NoKey { get; }

    private protected abstract Refusal UnknownModel { get; }

    private protected abstract Refusal TooLong { get; }

    private protected abstract Task<Reply> AskAsync(Question question);

    /// <summary>Asks what must be refused. A key that is null is left out, as far as the client can.</summary>
    private protected abstract Task<Refusal> RefusedAsync(string? key, Question question);

    /// <summary>Begins a stream and leaves it; what is returned keeps the client's process alive until it is disposed.</summary>
    private protected abstract Task<IAsyncDisposable> LeaveAsync(Question question);

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_system_prompt_changes_the_answer(bool streamed)
    {
        var without = await AskAsync(Question.Of(Who) with { Streamed = streamed });
        var with = await AskAsync(Question.Of(Who) with { Streamed = streamed, System = "You are a pirate called Red Beard. Always say Arrr." });

        Assert.NotEmpty(without.Text);
        Assert.NotEmpty(with.Text);
        Assert.NotEqual(without.Text, with.Text);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Earlier_turns_change_the_answer(bool streamed)
    {
        var alone = await AskAsync(Question.Of("And what about cats?") with { Streamed = streamed });
        var later = await AskAsync(new Question(("user", "Do dogs bark?"), ("assistant", "Yes, dogs bark."), ("user", "And what about cats?")) { Streamed = streamed });

        Assert.NotEmpty(later.Text);
        Assert.NotEqual(alone.Text, later.Text);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_stop_text_ends_the_answer_before_itself(bool streamed)
    {
        var question = Question.Of("Count from 1 to 20.") with { MaxTokens = 24, Streamed = streamed };
        var (expected, found) = (new Reply("", null), new Reply("", null));
        // What else is computed in the same batch changes the last bits of a model's numbers, and with them, seldom, its words: then both are asked again.
        for (var tries = 0; tries < 5 && (tries == 0 || expected != found); tries++)
        {
            var free = (await AskAsync(question)).Text;
            var stop = free.Substring(free.Length / 2, 3);
            expected = new Reply(free[..free.IndexOf(stop, StringComparison.Ordinal)], Stopped);
            found = await AskAsync(question with { Stop = stop });
        }

        Assert.Equal(expected, found);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Max_tokens_ends_the_answer_and_says_so(bool streamed)
    {
        var (short5, short9) = (new Reply("", null), new Reply("", null));
        // As above: when others' words were in the batch, both are asked again.
        for (var tries = 0; tries < 5 && !(short5.Text.Length > 0 && short9.Text.StartsWith(short5.Text, StringComparison.Ordinal)); tries++)
        {
            short5 = await AskAsync(Question.Of("Count from 1 to 20.") with { MaxTokens = 5, Streamed = streamed });
            short9 = await AskAsync(Question.Of("Count from 1 to 20.") with { MaxTokens = 9, Streamed = streamed });
        }

        Assert.Equal((Length, Length), (short5.Ending, short9.Ending));
        Assert.True(short9.Text.Length > short5.Text.Length && short9.Text.StartsWith(short5.Text, StringComparison.Ordinal), $"{short5} and {short9}");
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Chinese_arrives_and_comes_back_whole(bool streamed)
    {
        // The model says little in Chinese unless it is led; 世 and 界 are several tokens each, so a stream has to put them together.
        var reply = await AskAsync(new Question(("user", "说：你好"), ("assistant", "你好。你好。你好。"), ("user", "说：世界")) { Streamed = streamed });

        Assert.Contains("世界", reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain('\uFFFD', reply.Text);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_wrong_key_is_raised(bool streamed) => AssertRaised(WrongKey, await RefusedAsync("xai-mw-wrong", Question.Of("Hi") with { Streamed = streamed }));

    [Fact]
    public async Task A_missing_key_is_raised() => AssertRaised(NoKey, await RefusedAsync(null, Question.Of("Hi")));

    [Theory, InlineData(false), InlineData(true)]
    public async Task An_unknown_model_is_raised(bool streamed) => AssertRaised(UnknownModel, await RefusedAsync(Server.Key, Question.Of("Hi") with { Model = "grok-42", Streamed = streamed }));

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_prompt_that_is_too_long_is_raised_in_the_dialects_words(bool streamed) =>
        AssertRaised(TooLong, await RefusedAsync(Server.Key, Question.Of(string.Concat(Enumerable.Repeat("whale ", 9000))) with { MaxTokens = 1, Streamed = streamed }));

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_of_a_stream_is_no_longer_worked_for()
    {
        var before = (await Server.LoadAsync()).GeneratedTokens;
        await using var left = await LeaveAsync(Question.Endless);
        await Until.TrueAsync(async () => (await Server.LoadAsync()).Running == 0, "the engine stops the abandoned answer");

        // Left alone the answer has 4000 tokens and takes more than a minute; the client leaves at its first words.
        Assert.InRange((await Server.LoadAsync()).GeneratedTokens - before, 1, 1000);
        Assert.NotEmpty((await AskAsync(Question.Of("Hi") with { MaxTokens = 4 })).Text);
    }

    private static void AssertRaised(Refusal wanted, Refusal raised)
    {
        Assert.Equal((wanted.Kind, wanted.Status), (raised.Kind, raised.Status));
        Assert.Contains(wanted.Text, raised.Text, StringComparison.Ordinal);
    }
}
