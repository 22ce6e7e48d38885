using Milliways.Exchanges;
using Milliways.Tests.Support;
using Milliways.Tests.Support.Upstreams;

namespace Milliways.Tests.Faults;

/// <summary>One way an upstream misbehaves.</summary>
/// <param name="Name">Its row in docs/faults.md.</param>
internal sealed record Fault(string Name)
{
    /// <summary>What the upstream does with the request.</summary>
    public Func<FaultTurn, Task> Play { get; init; } = turn => turn.GoodAsync();

    /// <summary>What the caller must get.</summary>
    public required Func<Wire, bool, Expected> Expect { get; init; }

    /// <summary>Why the cell of an upstream, streamed or not, makes no sense; null: it does.</summary>
    public Func<Wire, bool, string?> Absent { get; init; } = (_, _) => null;

    /// <summary>The upstream that is asked, when it is not the one that plays.</summary>
    public string Upstream { get; init; } = "lab";

    /// <summary>What the gateway waits for when the upstream has fallen silent: time goes by from then on.</summary>
    public Waiting? SilentAt { get; init; }

    /// <summary>A good answer comes before, so that the connection is one that is used again.</summary>
    public bool OnUsedConnection { get; init; }

    /// <summary>Requests that reach the upstream in this cell.</summary>
    public int Requests { get; init; } = 1;
}

/// <summary>One request at an upstream that misbehaves.</summary>
internal sealed record FaultTurn(Wire Wire, bool Streamed, UpstreamTurn Upstream, ManualTime Clock, OpenExchanges Open, Gate Seen)
{
    public string[] Frames => Wire.Text;

    public string Whole => Wire.TextWhole;

    /// <summary>The recorded text.</summary>
    public Task GoodAsync() => Streamed ? FramesAsync(Frames) : Upstream.WholeAsync(Whole);

    public Task FramesAsync(params string[] frames) => Upstream.StreamAsync(frames);

    /// <summary>The head, and the answer up to its first word, which the caller then has; of a whole answer the first half.</summary>
    public async Task BeginAsync()
    {
        await Upstream.BeginAsync(Streamed ? "text/event-stream" : "application/json");
        if (Streamed)
        {
            foreach (var frame in Frames[..Wire.Committed])
                await Upstream.SendAsync(frame);
            await Seen.WaitAsync();
        }
        else
            await Upstream.SendAsync(Whole[..(Whole.Length / 2)]);
    }

    /// <summary>
    /// Begins and then sends bytes up to and with a byte of the text "生命" or of what stands around it.
    /// </summary>
    /// <param name="inCharacter">Ends inside the first character; else inside the JSON text, behind it.</param>
    public async Task CutAsync(bool inCharacter)
    {
        var text = Streamed ? string.Concat(Frames) : Whole;
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        var at = bytes.AsSpan().IndexOf("生命"u8) + (inCharacter ? 1 : 3);
        await Upstream.BeginAsync(Streamed ? "text/event-stream" : "application/json");
        if (Streamed)
        {
            // The first word for itself, so that it has reached the caller when the cut comes.
            var first = System.Text.Encoding.UTF8.GetByteCount(string.Concat(Frames[..Wire.Committed]));
            await Upstream.SendAsync(bytes[..first]);
            await Seen.WaitAsync();
            await Upstream.SendAsync(bytes[first..at]);
        }
        else
            await Upstream.SendAsync(bytes[..at]);
    }
}
