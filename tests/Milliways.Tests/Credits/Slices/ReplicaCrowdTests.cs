using Milliways.Credits;

namespace Milliways.Tests.Credits.Slices;

/// <summary>A thousand requests at one moment over three servers: not one tick is spent that was not there (design §4, "Money", "Replicas").</summary>
public sealed class ReplicaCrowdTests
{
    private const int Crowd = 1000, Paid = 100, Tokens = 100;

    [Fact]
    public async Task Of_a_thousand_at_once_over_three_servers_whole_and_streamed_a_hundred_are_served_that_the_balance_pays_for()
    {
        await using var replicated = await Replicated.StartAsync(Paid * Tokens * Replicated.Output);
        replicated.Lab.Standing = Crowds.AnswerAsync;

        var answers = await Task.WhenAll(Enumerable.Range(0, Crowd).Select(i => Crowds.AskAsync(replicated.Servers[i % 3], "output-only", i / 3 % Crowds.Plain)));

        Assert.All(answers, answer => Assert.Contains(answer.Status, Crowds.Served));
        var served = answers.Where(answer => answer.Status == 200).ToList();
        Assert.InRange(served.Count, 95, Paid);
        await replicated.NothingOutAsync();
        var charges = (await replicated.StatementAsync()).Entries.Where(entry => entry.Kind == "charge").ToDictionary(entry => entry.RequestId!, entry => -entry.AmountTicks);
        Assert.Equal(served.Select(answer => answer.Id).Order(StringComparer.Ordinal), charges.Keys.Order(StringComparer.Ordinal));
        Assert.All(served.Where(answer => answer.Cost is not null), answer => Assert.Equal(answer.Cost!.Value, charges[answer.Id!]));
        Assert.Equal(Paid * Tokens * Replicated.Output, charges.Values.Sum() + (await replicated.ShowAsync()).BalanceTicks);
        await replicated.CheckAsync();
    }

    [Theory, InlineData("budget"), InlineData("team"), InlineData("gateway"), InlineData("postpaid")]
    public async Task A_bound_of_spending_holds_over_three_servers_and_is_used_up(string bound)
    {
        const long most = 50 * 100;
        await using var replicated = await Replicated.StartAsync(bound == "postpaid" ? 0 : 1_000_000);
        var payer = replicated.Payer(bound == "budget" ? most : null, bound == "gateway" ? "default" : null);
        var (credits, account) = (replicated.Credits, replicated.First.Account);
        if (bound == "postpaid")
            await credits.SetPostpaidAsync(Milliways.Teams.OperatorActor.Instance, account, most, CancellationToken.None);
        else if (bound != "budget")
            await credits.SetSpendingLimitAsync(Milliways.Teams.OperatorActor.Instance, account, bound == "gateway" ? "default" : null, new(null, most), CancellationToken.None);

        var charged = await Task.WhenAll(Enumerable.Range(0, 600).Select(async i =>
        {
            var server = replicated.Servers[i % 3];
            var answer = await replicated.HoldAsync(server, 100, payer);
            return answer.Hold is { } hold ? await replicated.SettleAsync(server, hold, 100, payer) : 0;
        }));

        Assert.InRange(charged.Sum(), most * 95 / 100, most);
        await replicated.NothingOutAsync();
        var shown = await replicated.ShowAsync();
        Assert.Equal(charged.Sum(), shown.SpentTicks);
        // What nobody uses is found wherever it was: the rest of the bound can be used at any server, and not a tick more.
        var rest = await replicated.HoldAsync(replicated.Servers[2], most - charged.Sum(), payer);
        Assert.NotNull(rest.Hold);
        Assert.NotNull((await replicated.HoldAsync(replicated.Servers[1], 1, payer)).Refusal);
        replicated.Servers[2].Service<ILedger>().Release(rest.Hold);
        Assert.Empty((await credits.CheckAsync(Milliways.Teams.OperatorActor.Instance, CancellationToken.None)).Problems);
    }
}
