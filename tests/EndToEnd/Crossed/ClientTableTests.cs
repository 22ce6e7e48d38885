using Milliways.EndToEnd.Support.Scripted;

namespace Milliways.EndToEnd.Crossed;

/// <summary>The unmodified clients in front of every upstream dialect, their own and the others.</summary>
public sealed class ClientTableTests(CrossedBench bench)
{
    public static TheoryData<string, string, string> Cells { get; } = new(
        from client in Table.Clients
        from claim in Claim.All
        from upstream in ScriptedUpstream.Dialects
        where client.Has(claim, upstream)
        select (client.Name, claim.Name, upstream));

    [Theory, MemberData(nameof(Cells))]
    public async Task A_client_finds_what_it_reads(string client, string claim, string upstream)
    {
        var (who, what) = (Table.Clients.Single(one => one.Name == client), Claim.All.Single(one => one.Name == claim));
        var results = await bench.ResultsAsync(who);

        Assert.True(results.TryGetValue(Table.Id(what, upstream), out var result), "The call was not made.");
        Assert.False(result.ContainsKey("absent"), "The client's driver does not know the claim.");
        what.Check(result, who, upstream);
    }

    [Fact]
    public void No_cell_is_missing_without_a_reason()
    {
        var absent = Table.Clients.SelectMany(client => client.Absent.Keys).Sum(row => row.Contains(" @ ", StringComparison.Ordinal) ? 1 : ScriptedUpstream.Dialects.Length);

        Assert.Equal(9 * 18 * 4, Cells.Count + absent);
        Assert.All(Table.Clients.SelectMany(client => client.Absent), row => Assert.True(Claim.All.Any(claim => claim.Name == row.Key.Split(" @ ")[0]) && row.Value.Length > 10, row.Key));
    }
}
