using System.Text.Json;
using Milliways.Tests.Faults.Callers;
using Milliways.Tests.Support.Upstreams;

namespace Milliways.Tests.Faults;

/// <summary>The table: every front, every upstream, every fault, whole and streamed. A cell without sense has a row in docs/faults.md.</summary>
public abstract class FaultTableTests(string front)
{
    private readonly Caller _caller = Caller.All.Single(caller => caller.Name == front);

    internal string Front => front;

    public static TheoryData<string> Upstreams => [.. Wire.All.Select(wire => wire.Name)];

    /// <summary>The cells of one front and one upstream.</summary>
    internal static IEnumerable<(Fault Fault, bool Streamed)> CellsOf(Wire wire) =>
        from fault in AllFaults.All from streamed in new[] { false, true } where fault.Absent(wire, streamed) is null select (fault, streamed);

    [Theory]
    [MemberData(nameof(Upstreams))]
    public async Task Whatever_the_upstream_does_the_caller_is_told_the_truth(string upstream)
    {
        var wire = Wire.Of(upstream);
        await using var bench = await FaultBench.StartAsync(_caller, wire);
        var wrong = new List<string>();
        foreach (var (fault, streamed) in CellsOf(wire))
        {
            try
            {
                await bench.CheckAsync(fault, streamed);
            }
            catch (Exception failed) when (failed is Xunit.Sdk.IAssertionException or JsonException or KeyNotFoundException or TimeoutException or InvalidOperationException or FormatException or ArgumentException)
            {
                wrong.Add($"{front} | {upstream} | {fault.Name} | {(streamed ? "streamed" : "whole")}: {failed.Message.ReplaceLineEndings(" ")}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }
}

public sealed class ChatXaiFaultTests() : FaultTableTests("chat (xAI)");

public sealed class ChatOpenAiFaultTests() : FaultTableTests("chat (OpenAI)");

public sealed class MessagesFaultTests() : FaultTableTests("messages");

public sealed class ResponsesFaultTests() : FaultTableTests("responses");
