using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Milliways.Exchanges;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

/// <summary>A log that can be read while an upstream dies under load.</summary>
public sealed class FailureLogTests
{
    [Fact]
    public async Task Of_many_failures_of_one_kind_the_first_have_a_line_each_and_the_others_one_together()
    {
        await using var lab = new FakeUpstream { Standing = turn => turn.WholeAsync("{}", 500) };
        await using var other = new FakeUpstream { Standing = turn => turn.WholeAsync("{}", 500) };
        var (clock, log) = (new ManualTime(), new EveryLine());
        await using var server = await TestServer.StartAsync(
            $$"""{ "upstreams": { "lab": {{TestServer.Lab(lab)}}, "other": { "dialect": "openai-chat", "baseUrl": "{{other.Url}}/v1", "apiKey": "k", "models": ["beta"], {{TestServer.OneTry}} } } }""",
            clock, more: services => services.AddSingleton<ILoggerProvider>(log));
        async Task FailAsync(string model, int times)
        {
            for (var i = 0; i < times; i++)
                Assert.Equal(500, (await server.PostAsync("/v1/chat/completions", Answers.Ask(model: model))).Status);
        }
        int Lines(string label) => log.Text.Split('\n').Count(line => line.Contains($" {label} failed at headers", StringComparison.Ordinal));

        await FailAsync("alpha", FailureLog.Lines + 5);
        await FailAsync("beta", 2);
        Assert.Equal((FailureLog.Lines, 2), (Lines("lab/alpha"), Lines("other/beta")));
        Assert.DoesNotContain("more failed", log.Text, StringComparison.Ordinal);

        clock.Advance(FailureLog.Window);
        Assert.Equal(["5 more failed at headers of lab within 10 s"], log.Text.Split('\n').Where(line => line.Contains("more failed", StringComparison.Ordinal)).Select(line => line.TrimEnd()));
        await FailAsync("alpha", 1);
        Assert.Equal(FailureLog.Lines + 1, Lines("lab/alpha"));
    }
}
