using System.Collections.Concurrent;
using System.Globalization;
using Milliways.Teams;

namespace Milliways.Tests.Credits;

/// <summary>A thousand requests at one moment against money for a hundred: not one tick is spent that was not there (design §4, "Money").</summary>
public sealed class CrowdTests
{
    private const int Crowd = 1000, Paid = 100, Tokens = 100;

    [Fact]
    public async Task Of_a_thousand_at_once_in_all_dialects_whole_and_streamed_exactly_the_hundred_are_served_that_the_balance_pays_for()
    {
        await using var credited = await Credited.StartAsync(Paid * Tokens * Credited.Output);
        credited.Lab.Standing = Crowds.AnswerAsync;
        var answers = await Task.WhenAll(Enumerable.Range(0, Crowd).Select(i => Crowds.AskAsync(credited.Server, "output-only", i % Crowds.Plain)));

        Assert.Equal(Paid, answers.Count(answer => answer.Status == 200));
        Assert.All(answers, answer => Assert.Contains(answer.Status, Crowds.Served));
        await AssertBooksAsync(credited, answers);
        Assert.Equal(0, await credited.BalanceAsync());
    }

    [Fact]
    public async Task With_failures_cuts_leaving_callers_images_and_long_prompts_among_them_the_money_serves_all_it_can_and_never_more()
    {
        // No answer costs more than the hundred tokens that the balance counts by, and some less.
        const string more = """
            , "long":   { "attempts": [ { "upstream": "lab", "model": "alpha" } ],
                          "price": { "input": "0.1", "output": "10", "image": "0.2", "longContext": { "above": 2000, "input": "0.2", "output": "8" } } },
              "artist": { "attempts": [ { "upstream": "xai", "model": "grok-2-image" } ], "price": { "perImage": "0.001" } }
            """;
        await using var credited = await Credited.StartAsync(Paid * Tokens * Credited.Output, more);
        credited.Lab.Standing = Crowds.AnswerAsync;
        var (answers, served) = (new ConcurrentBag<CrowdAnswer>(), 0);
        // Whoever was refused because others held the money asks again when they have ended, until what is left pays for nothing more.
        for (var (wave, before) = (0, long.MaxValue); await credited.BalanceAsync() is var left && left >= Tokens * Credited.Output && left < before; wave++)
        {
            before = left;
            await Task.WhenAll(Enumerable.Range(0, wave == 0 ? Crowd : Crowd / 10).Select(async i =>
            {
                var kind = i % Crowds.Kinds;
                var answer = kind switch
                {
                    Crowds.Cut or Crowds.LeavesEarly or Crowds.LeavesLate => await Crowds.LeaveAsync(credited.Server, kind),
                    _ => await Crowds.AskAsync(credited.Server, kind switch { Crowds.Picture or Crowds.LongPrompt => "long", Crowds.Painted => "artist", _ => "output-only" }, kind),
                };
                answers.Add(answer);
                if (answer.Status == 200 && answer.Cost is not null)
                    Interlocked.Increment(ref served);
            }));
            await credited.NothingHeldAsync();
        }

        Assert.InRange(await credited.BalanceAsync(), 0, (Tokens * Credited.Output) - 1);
        Assert.True(served >= 95, $"Only {served} were served.");
        Assert.All(Enumerable.Range(0, Crowds.Kinds).Except([Crowds.Fails, Crowds.LeavesEarly]), kind => Assert.Contains(answers, answer => answer.Kind == kind && answer.Status == 200));
        await AssertBooksAsync(credited, [.. answers]);
    }

    /// <summary>One usage row for each answer, with the cost that the answer told; all accounts together are zero; the operator bore nothing; no hold is left.</summary>
    private static async Task AssertBooksAsync(Credited credited, IReadOnlyList<CrowdAnswer> answers)
    {
        await credited.NothingHeldAsync();
        var statement = await credited.Credits.StatementAsync(OperatorActor.Instance, credited.Server.Server.Team.Account, new(null, null, 0, 10_000), ledger: true, CancellationToken.None);
        var charges = statement.Entries.Where(entry => entry.Kind == "charge").ToDictionary(entry => entry.RequestId!, entry => -entry.AmountTicks);
        Assert.Equal(answers.Where(answer => answer.Status == 200).Select(answer => answer.Id).Order(StringComparer.Ordinal), charges.Keys.Order(StringComparer.Ordinal));
        Assert.All(answers.Where(answer => answer.Cost is not null), answer => Assert.Equal(answer.Cost!.Value, charges[answer.Id!]));
        Assert.All(statement.Entries, entry => Assert.True(entry.BalanceTicks >= 0, string.Create(CultureInfo.InvariantCulture, $"After entry {entry.Seq} the balance is {entry.BalanceTicks}.")));
        Assert.Equal(Paid * Tokens * Credited.Output, charges.Values.Sum() + await credited.BalanceAsync());
        Assert.Equal(0, statement.Postings!.Sum(posting => posting.AmountTicks));
        Assert.DoesNotContain(statement.Postings!, posting => posting.Account is "operator:overrun" or "operator:discarded");
        await credited.CheckAsync();
    }
}
