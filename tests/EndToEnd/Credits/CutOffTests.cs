using System.Net;
using Milliways.EndToEnd.Support;
using static Milliways.EndToEnd.Credits.Replicas;

namespace Milliways.EndToEnd.Credits;

/// <summary>Servers are cut off from their PostgreSQL by the network, which says nothing: no connection ends, and what was sent may have been done.</summary>
public sealed class CutOffTests
{
    private const int Paid = 40_000;

    [Fact]
    public async Task Servers_that_hear_nothing_of_their_database_refuse_in_time_and_afterwards_every_answer_is_charged_once_and_no_tick_is_lost()
    {
        await using var network = await NetworkNamespace.CreateAsync();
        if (network is null)
            Assert.Skip("A network to cut needs Linux, root and iproute2.");
        await using var postgres = await PostgresAsync((network.Name, network.Address));
        await using var upstream = await FakeUpstream.StartAsync(AnswerAsync);
        await using var servers = await StartAsync(postgres, upstream, count: 2);
        await CommandAsync(postgres, "credits", "grant", "60", "--reason", "test");
        var answers = new List<Answer>();
        for (var i = 0; i < 10; i++)
            answers.Add(await AskAsync(servers[i % 2], stream: i % 4 > 1));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));

        // Callers go on asking over the cut, until each server has refused: at the latest when what it was lent has run out.
        var cut = network.CutAsync();
        var refused = await Task.WhenAll(servers.Select(server => UntilAsync(server, HttpStatusCode.ServiceUnavailable)));
        await cut;
        answers.AddRange(refused.SelectMany(one => one));
        await network.MendAsync();
        var served = await Task.WhenAll(servers.Select(server => UntilAsync(server, HttpStatusCode.OK)));
        answers.AddRange(served.SelectMany(one => one));

        Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable }));
        await ChecksAsync(postgres, [.. answers.Where(answer => answer.Status == HttpStatusCode.OK)], Paid * Tokens * TokenTicks);
    }

    /// <summary>Asks, one request behind the other, until one is answered so; none waits longer than a caller may be kept.</summary>
    private static async Task<List<Answer>> UntilAsync(MilliwaysProcess server, HttpStatusCode status)
    {
        var answers = new List<Answer>();
        await Until.TrueAsync(async () =>
        {
            answers.Add(await AskAsync(server, stream: answers.Count % 2 == 1).WaitAsync(Patience.Short));
            return answers[^1].Status == status;
        }, $"the answer is {status}", Patience.Long);
        return answers;
    }
}
