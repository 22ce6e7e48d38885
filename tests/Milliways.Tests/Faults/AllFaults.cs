using Milliways.Exchanges;
using System.IO.Compression;
using System.Text;
using Milliways.Tests.Support.Upstreams;

namespace Milliways.Tests.Faults;

/// <summary>Every fault of the table, with what the caller must get and where it makes no sense.</summary>
internal static class AllFaults
{
    private const string NoEvents = "a whole answer has no events";
    private const string Plain = "a stream has no single body";
    private const string Asked = "a whole answer was asked";
    private const string WholeCalls = "this upstream sends a call in one piece";
    private const string OpenEnd = "only the end of the body ends this stream";
    private const string OneBlock = "this dialect has one open block at a time";

    public static IReadOnlyList<Fault> All { get; } =
    [
        new("good") { Expect = Good },
        new("refused") { Upstream = "refused", Requests = 0, Expect = Refused(502, "upstream, connect") },
        new("DNS failure") { Upstream = "nowhere", Requests = 0, Expect = Refused(502, "upstream, dns") },
        new("TLS failure") { Upstream = "tls", Requests = 0, Expect = Refused(502, "upstream, tls") },
        new("reset before headers") { Play = turn => Do(turn.Upstream.Reset), Expect = Refused(502, "upstream, headers") },
        new("end before headers") { Play = turn => Do(turn.Upstream.Finish), Expect = Refused(502, "upstream, headers") },
        new("silence") { SilentAt = Waiting.Headers, Play = turn => turn.Upstream.ClosedAsync(), Expect = Refused(504, "upstream, headers") },
        new("headers, then silence") { SilentAt = Waiting.FirstEvent, Play = HeadersThenSilenceAsync, Expect = Refused(504, "upstream, first-event") },
        new("slow first byte") { Play = SlowAsync, Expect = Good },
        new("stall in the middle") { SilentAt = Waiting.NextEvent, Play = StallAsync, Expect = TornOrRefused(504, "upstream, idle") },
        new("one byte a second") { Play = DripAsync, Expect = Good },

        new("401") { Play = Status(401), Expect = Mapped(401, "gateway, headers") },
        new("429") { Play = Status(429), Expect = (_, _) => new Expected.Refused(429, "upstream, headers") { RetryAfter = "1" } },
        new("429 with Retry-After") { Play = Status(429, "Retry-After: 7"), Expect = (_, _) => new Expected.Refused(429, "upstream, headers") { RetryAfter = "7" } },
        new("500") { Play = Status(500), Expect = Mapped(500, "upstream, headers") },
        new("502") { Play = Status(502), Expect = Mapped(502, "upstream, headers") },
        new("503") { Play = Status(503), Expect = Mapped(503, "upstream, headers") },
        new("529") { Play = Status(529), Expect = Mapped(529, "upstream, headers") },
        new("200 empty") { Play = turn => turn.Upstream.WholeAsync("", contentType: turn.Streamed ? "text/event-stream" : "application/json"), Expect = NoAnswer },
        new("200 HTML") { Play = turn => turn.Upstream.WholeAsync("<html><body>Bad gateway</body></html>\n\n", contentType: "text/html"), Expect = NoAnswer },
        new("200 error object") { Play = turn => turn.Upstream.WholeAsync(turn.Wire.Error(500)), Expect = Refused(502, "upstream, body") },
        new("200 JSON that is no object") { Play = turn => turn.Upstream.WholeAsync("[1,\"two\",null]"), Expect = NoAnswer },

        new("cut inside a character") { Play = Cut(inCharacter: true, turn => Do(turn.Upstream.Finish)), Expect = TornOrRefused(502, "upstream, body") },
        new("cut inside a JSON text") { Play = Cut(inCharacter: false, turn => Do(turn.Upstream.Finish)), Expect = TornOrRefused(502, "upstream, body") },
        new("reset inside a JSON text") { Play = Cut(inCharacter: false, turn => Do(turn.Upstream.Reset)), Expect = TornOrRefused(502, "upstream, body") },
        new("body ended inside a character") { Play = Cut(inCharacter: true, turn => turn.Upstream.EndAsync()), Expect = TornOrRefused(502, "upstream, body") },
        new("body ended inside a JSON text") { Play = Cut(inCharacter: false, turn => turn.Upstream.EndAsync()), Expect = TornOrRefused(502, "upstream, body") },
        new("broken chunk") { Play = BrokenChunkAsync, Expect = TornOrRefused(502, "upstream, body") },
        new("cut between events") { Play = After(turn => Do(turn.Upstream.Finish)), Expect = Torn, Absent = Streams },
        new("body ended between events") { Play = After(turn => turn.Upstream.EndAsync()), Expect = Torn, Absent = Streams },
        new("no terminal event") { Play = turn => turn.FramesAsync(turn.Frames[..^1]), Expect = (wire, _) => wire.CompleteWithoutTerminal ? new Expected.Good() : new Expected.Torn(Finish: true), Absent = Streams },
        new("finish, then cut") { Play = FinishThenCutAsync, Expect = (_, _) => new Expected.Torn(Finish: true), Absent = Streams },
        new("error event first") { Play = turn => turn.FramesAsync(turn.Wire.ErrorFrame), Expect = (wire, _) => new Expected.Refused(wire == Wire.Xai ? 502 : 500, "upstream, stream"), Absent = Streams },
        new("error event in the middle") { Play = After(async turn =>
        {
            await turn.Upstream.SendAsync(turn.Wire.ErrorFrame);
            await turn.Upstream.EndAsync();
        }), Expect = Torn, Absent = Streams },
        new("duplicate terminal event") { Play = turn => turn.FramesAsync([.. turn.Frames, turn.Wire.TerminalAgain]), Expect = Good, Absent = Streams },
        new("events behind the end") { Play = turn => turn.FramesAsync([.. turn.Frames, .. turn.Frames]), Expect = Good, Absent = (wire, streamed) => Streams(wire, streamed) ?? (wire == Wire.Google ? OpenEnd : null) },

        new("usage missing") { Play = Edited(Wire.WithoutUsage), Expect = OddUsage },
        new("usage negative") { Play = Edited(text => Wire.WithCounts(text, "-5")), Expect = OddUsage },
        new("usage absurd") { Play = Edited(text => Wire.WithCounts(text, "9223372036854775807")), Expect = OddUsage },
        new("usage beyond any number") { Play = Edited(text => Wire.WithCounts(text, "1e400")), Expect = OddUsage },

        new("tool calls") { Play = turn => turn.Streamed ? turn.FramesAsync(turn.Wire.Tools) : turn.Upstream.WholeAsync(turn.Wire.ToolsWhole), Expect = Calls },
        new("tool arguments split at every character") { Play = turn => turn.FramesAsync(turn.Wire.SplitCalls), Expect = Calls, Absent = (wire, streamed) => Streams(wire, streamed) ?? (wire.SplitsCalls ? null : WholeCalls) },
        new("tool calls in turns") { Play = turn => turn.FramesAsync(turn.Wire.Interleaved), Expect = Calls, Absent = (wire, streamed) => Streams(wire, streamed) ?? (!wire.SplitsCalls ? WholeCalls : wire.ToolOrder is null ? OneBlock : null) },
        new("tool arguments cut") { Play = CutArgumentsAsync, Expect = Torn, Absent = (wire, streamed) => Streams(wire, streamed) ?? (wire.SplitsCalls ? null : WholeCalls) },
        new("every byte for itself") { Play = turn => BytesAsync(turn), Expect = Good },

        new("CRLF") { Play = Edited(text => text.Replace("\n", "\r\n", StringComparison.Ordinal)), Expect = Good, Absent = Streams },
        new("byte order mark") { Play = Edited(text => "\uFEFF" + text), Expect = Good },
        new("comments") { Play = Edited(text => ": open\n\n" + text.Replace("\n\n", "\n\n: keep-alive\n\n", StringComparison.Ordinal)), Expect = Good, Absent = Streams },
        new("comments, ids and retries inside events") { Play = Edited(text => text.Replace("data: ", ": here\nid: 7\nretry: 3000\ndata: ", StringComparison.Ordinal)), Expect = Good, Absent = Streams },
        new("data in several lines") { Play = Edited(text => text.Replace(",\"", ",\ndata: \"", StringComparison.Ordinal)), Expect = Good, Absent = Streams },
        new("white space in a whole answer") { Play = Edited(text => "\r\n " + text.Replace(",\"", ",\r\n\t\"", StringComparison.Ordinal) + "\r\n"), Expect = Good, Absent = (_, streamed) => streamed ? Plain : null },
        new("whole JSON although a stream was asked") { Play = turn => turn.Upstream.WholeAsync(turn.Whole), Expect = Good, Absent = (_, streamed) => streamed ? null : Asked },
        new("whole JSON of tool calls although a stream was asked") { Play = turn => turn.Upstream.WholeAsync(turn.Wire.ToolsWhole), Expect = Calls, Absent = (_, streamed) => streamed ? null : Asked },
        new("gzip despite identity") { Play = GzipAsync, Expect = Good },
        new("idle connection closed before it is used again") { OnUsedConnection = true, Requests = 3, Expect = Good },
    ];

    private static Func<Wire, bool, Expected> Good => (_, _) => new Expected.Good();

    private static Func<Wire, bool, Expected> Calls => (_, _) => new Expected.Good(Tools: true);

    private static Func<Wire, bool, Expected> OddUsage => (_, _) => new Expected.Good(Usage: false);

    private static Func<Wire, bool, Expected> Torn => (_, _) => new Expected.Torn();

    private static Func<Wire, bool, Expected> Refused(int status, string failed) => (_, _) => new Expected.Refused(status, failed);

    private static Func<Wire, bool, Expected> Mapped(int status, string failed) => (_, _) => new Expected.Refused(status, failed) { Mapped = true };

    /// <summary>A 200 that is no answer is a 502 (contract).</summary>
    private static Func<Wire, bool, Expected> NoAnswer => (_, streamed) => new Expected.Refused(502, streamed ? "upstream, end" : "upstream, body");

    private static Func<Wire, bool, Expected> TornOrRefused(int status, string failed) => (_, streamed) => streamed ? new Expected.Torn() : new Expected.Refused(status, failed);

    private static string? Streams(Wire wire, bool streamed) => streamed ? null : NoEvents;

    private static Func<FaultTurn, Task> Status(int status, params string[] headers) => turn => turn.Upstream.WholeAsync(turn.Wire.Error(status), status, headers: headers);

    private static Func<FaultTurn, Task> After(Func<FaultTurn, Task> then) => async turn =>
    {
        await turn.BeginAsync();
        await then(turn);
    };

    private static Func<FaultTurn, Task> Cut(bool inCharacter, Func<FaultTurn, Task> then) => async turn =>
    {
        await turn.CutAsync(inCharacter);
        await then(turn);
    };

    /// <summary>The recording with another face; what was one event is still one write.</summary>
    private static Func<FaultTurn, Task> Edited(Func<string, string> edit) => turn =>
        turn.Streamed ? turn.FramesAsync(edit(string.Concat(turn.Frames))) : turn.Upstream.WholeAsync(edit(turn.Whole));

    private static async Task HeadersThenSilenceAsync(FaultTurn turn)
    {
        await turn.Upstream.BeginAsync(turn.Streamed ? "text/event-stream" : "application/json");
        await turn.Upstream.ClosedAsync();
    }

    private static async Task SlowAsync(FaultTurn turn)
    {
        for (var second = 0; second < 17; second++)
            turn.Clock.Advance(TimeSpan.FromSeconds(1));
        await turn.GoodAsync();
    }

    private static async Task StallAsync(FaultTurn turn)
    {
        await turn.BeginAsync();
        await turn.Upstream.ClosedAsync();
    }

    /// <summary>Each byte comes a second after the gateway has read the one before: no silence is long enough to end it, whatever the whole takes.</summary>
    private static async Task DripAsync(FaultTurn turn)
    {
        await turn.Upstream.BeginAsync(turn.Streamed ? "text/event-stream" : "application/json");
        var exchange = Assert.Single(turn.Open.All());
        foreach (var one in Encoding.UTF8.GetBytes(turn.Streamed ? string.Concat(turn.Frames) : turn.Whole))
        {
            turn.Clock.Advance(TimeSpan.FromSeconds(1));
            await turn.Upstream.SendAsync([one]);
            while (exchange.Silence > TimeSpan.Zero && turn.Open.Count > 0)
                await Task.Yield();
            if (turn.Open.Count == 0)
                break; // behind the terminal event nobody reads
        }
        await turn.Upstream.EndAsync();
    }

    private static async Task BytesAsync(FaultTurn turn)
    {
        await turn.Upstream.BeginAsync(turn.Streamed ? "text/event-stream" : "application/json");
        foreach (var one in Encoding.UTF8.GetBytes(turn.Streamed ? string.Concat(turn.Frames) : turn.Whole))
            await turn.Upstream.SendAsync([one]);
        await turn.Upstream.EndAsync();
    }

    private static async Task BrokenChunkAsync(FaultTurn turn)
    {
        await turn.BeginAsync();
        await turn.Upstream.RawAsync("zz\r\nnonsense\r\n");
        await turn.Upstream.ClosedAsync();
    }

    private static async Task FinishThenCutAsync(FaultTurn turn)
    {
        await turn.BeginAsync();
        var last = turn.Wire.CompleteWithoutTerminal || turn.Wire == Wire.Google ? turn.Frames.Length : turn.Frames.Length - 1;
        foreach (var frame in turn.Frames[turn.Wire.Committed..last].Where(frame => !frame.Contains("[DONE]", StringComparison.Ordinal)))
            await turn.Upstream.SendAsync(frame);
        turn.Upstream.Finish();
    }

    private static async Task CutArgumentsAsync(FaultTurn turn)
    {
        await turn.Upstream.BeginAsync();
        foreach (var frame in turn.Wire.Tools.Take(turn.Wire.Tools.Length / 2))
            await turn.Upstream.SendAsync(frame);
        turn.Upstream.Finish();
    }

    private static Task GzipAsync(FaultTurn turn)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(Encoding.UTF8.GetBytes(turn.Streamed ? string.Concat(turn.Frames) : turn.Whole));
        return turn.Upstream.WholeAsync(packed.ToArray(), contentType: turn.Streamed ? "text/event-stream" : "application/json", headers: ["Content-Encoding: gzip"]);
    }

    private static Task Do(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}
