using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Engines;
using Milliways.Tests.Support;

namespace Milliways.Tests.Engines;

public sealed class QuarantineTests
{
    private readonly ManualTime _clock = new();

    [Fact]
    public void A_request_that_was_inside_at_two_crashes_is_kept_away_for_ten_minutes()
    {
        var quarantine = new Quarantine(_clock);
        for (var crash = 1; crash <= 2; crash++)
        {
            Assert.False(quarantine.Holds("bad"));
            quarantine.Enter("bad");
            quarantine.Crashed();
            quarantine.Leave("bad");
        }
        Assert.True(quarantine.Holds("bad"));
        _clock.Advance(Quarantine.Length - TimeSpan.FromTicks(1));
        Assert.True(quarantine.Holds("bad"));
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.False(quarantine.Holds("bad"));
    }

    [Fact]
    public void Who_left_before_the_crash_is_no_suspect_and_others_are_not_held()
    {
        var quarantine = new Quarantine(_clock);
        for (var crash = 0; crash < 3; crash++)
        {
            quarantine.Enter("gone");
            quarantine.Leave("gone");
            quarantine.Enter($"once {crash}");
            quarantine.Crashed();
            quarantine.Leave($"once {crash}");
        }
        foreach (var one in new[] { "gone", "once 0", "once 1", "once 2", "never" })
            Assert.False(quarantine.Holds(one));
    }

    [Fact]
    public void The_same_body_inside_twice_stays_a_suspect_until_both_have_left()
    {
        var quarantine = new Quarantine(_clock);
        quarantine.Enter("twin");
        quarantine.Enter("twin");
        quarantine.Leave("twin");
        quarantine.Crashed();
        quarantine.Crashed();
        Assert.True(quarantine.Holds("twin"));
        quarantine.Leave("twin");
        quarantine.Leave("twin");
    }

    [Fact]
    public void A_crash_long_ago_is_forgotten()
    {
        var quarantine = new Quarantine(_clock);
        quarantine.Enter("slow");
        quarantine.Crashed();
        quarantine.Leave("slow");
        _clock.Advance(Quarantine.Length);
        quarantine.Crashed(); // forgets
        quarantine.Enter("slow");
        quarantine.Crashed();
        Assert.False(quarantine.Holds("slow"));
    }

    [Fact]
    public void Different_bodies_have_different_fingerprints() =>
        Assert.NotEqual(Quarantine.Fingerprint("{\"a\":1}"u8), Quarantine.Fingerprint("{\"a\":2}"u8));
}

public sealed class EngineErrorsTests
{
    [Fact]
    public void Every_failure_comes_back_as_it_was_sent() => Dice.Check(dice =>
    {
        var failure = new Failure(dice.One(Enum.GetValues<FailureKind>()), dice.One(Enum.GetValues<FailureParty>()), dice.One("context", "", "queue"), dice.One("", "Too long: \"生\" \n 🐬"))
        {
            Param = dice.One(null, "messages[0].content"),
            Code = dice.One(null, "context_length_exceeded"),
            RetryAfterSeconds = dice.Flip() ? dice.Upto(100) : null,
            PromptTokens = dice.Flip() ? dice.Upto(9000) : null,
            ContextLimit = dice.Flip() ? long.MaxValue : null,
        };
        var output = new ArrayBufferWriter<byte>();
        EngineErrors.Write(failure, output);
        Assert.Equal(failure, EngineErrors.Read(EngineErrors.Status(failure), output.WrittenSpan, retryAfter: null));
    });

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"error\":{\"message\":\"m\"}}")]
    [InlineData("{\"error\":\"m\",\"failure\":1}")]
    [InlineData("{\"error\":{\"message\":\"m\",\"param\":null,\"code\":null},\"failure\":{\"kind\":\"Unheard\",\"party\":\"Client\",\"stage\":\"s\"}}")]
    [InlineData("{\"error\":{\"message\":\"m\",\"param\":null,\"code\":null},\"failure\":{\"kind\":\"Timeout\",\"party\":\"Client\",\"stage\":\"s\",\"retry_after\":1e99}}")]
    public void What_the_engine_did_not_write_is_not_read(string body) => Assert.Null(EngineErrors.Read(500, System.Text.Encoding.UTF8.GetBytes(body), null));
}
