using System.Net.Http.Headers;
using System.Runtime.Versioning;
using System.Text;
using System.Text.RegularExpressions;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Crashes;

/// <summary>What the executable asks of the system, seen by strace: a charge is on the disk before the end of its answer is on the wire.</summary>
public sealed partial class FlushTraceTests
{
    private const string Strace = "/usr/bin/strace";

    private const string Piece = """data: {"id":"up","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"first piece"},"finish_reason":null}]}""" + "\n\n";

    private const string Tail = """
        data: {"id":"up","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

        data: {"id":"up","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8}}

        data: [DONE]


        """;

    [Theory]
    [InlineData("disk")]
    [InlineData("process")]
    [SupportedOSPlatform("linux")]
    public async Task Between_the_charge_and_the_end_of_its_answer_the_journal_is_flushed_unless_durability_is_process(string durability)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists(Strace), $"{Strace} is not there: what is asked of the system cannot be seen.");
        using var folder = new TemporaryFolder();
        var trace = folder.At("trace");
        var traced = folder.Write("traced", $"#!/bin/sh\nexec {Strace} -D -f --seccomp-bpf -y -s 2000 -e trace=openat,pwrite64,fsync,fdatasync,sendto,sendmsg -o {trace} '{Repository.Executable}' \"$@\"\n");
        File.SetUnixFileMode(traced, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await AskAsync(traced, durability);
        await Until.TrueAsync(() => File.ReadAllText(trace) is var text && text.LastIndexOf("+++", StringComparison.Ordinal) > text.LastIndexOf("[DONE]", StringComparison.Ordinal), "the trace was whole");

        var lines = await File.ReadAllLinesAsync(trace);
        var piece = Array.FindIndex(lines, line => Send().IsMatch(line) && line.Contains("first piece", StringComparison.Ordinal));
        var end = Array.FindIndex(lines, line => Send().IsMatch(line) && line.Contains("[DONE]", StringComparison.Ordinal));
        var charge = Array.FindIndex(lines, piece + 1, line => line.Contains("pwrite64(", StringComparison.Ordinal) && line.Contains("charges.journal>", StringComparison.Ordinal));
        Assert.True(piece >= 0 && piece < charge && charge < end, $"The piece is in line {piece}, the charge in {charge}, the end in {end}.");
        // A write past the page cache is on the disk when it is done; else a flush follows.
        var flushes = Flushes(lines, "charges.journal").Where(flush => flush.Begun > charge).ToList();
        if (lines.Take(charge).Any(line => Synchronous().Match(line) is { Success: true } open && Writes(lines[charge], open.Groups[1].Value)))
            flushes.Add((charge, Done(lines, charge)));
        if (durability == "disk")
            Assert.Contains(flushes, flush => flush.Done >= flush.Begun && flush.Done < end);
        else
            Assert.Empty(flushes);
        // synchronous=FULL: each commit in ledger.db is flushed with its write-ahead log.
        Assert.Contains(Flushes(lines, "ledger.db-wal"), flush => flush.Begun > charge);
    }

    /// <summary>One stream, whose end comes when its beginning was seen; and the books have it.</summary>
    private static async Task AskAsync(string traced, string durability)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = await FakeUpstream.StartAsync(async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(Piece));
            await http.Response.Body.FlushAsync();
            await seen.Task;
            await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(Tail));
        });
        await using var server = await MilliwaysProcess.StartAsync(new Setup
        {
            Executable = traced,
            NoEngine = true,
            Governed = true,
            Config = $$"""
                { "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{upstream.Base}}/v1", "apiKey": "k" } },
                  "models": { "priced": { "attempts": [ { "upstream": "lab", "model": "m" } ], "price": { "input": "5", "output": "15" } } },
                  "credits": { "durability": "{{durability}}" } }
                """,
        });
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(server.Base), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", server.Key) } };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent("""{"model":"priced","max_tokens":50,"stream":true,"messages":[{"role":"user","content":"Hello"}]}""", Encoding.UTF8, "application/json"),
        };
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        Assert.Contains("first piece", await reader.ReadLineAsync(), StringComparison.Ordinal);
        seen.SetResult();
        Assert.Contains("[DONE]", await reader.ReadToEndAsync(), StringComparison.Ordinal);
        var statement = await Program.MilliwaysAsync("credits", "statement", "--json", "--data", server.Data);
        Assert.Contains("\"charge\"", statement.Output, StringComparison.Ordinal);
    }

    /// <summary>When flushes of a file were asked for and when they were done, as lines: another thread's calls may stand between.</summary>
    private static IEnumerable<(int Begun, int Done)> Flushes(string[] lines, string file)
    {
        for (var i = 0; i < lines.Length; i++)
            if (Flush().IsMatch(lines[i]) && lines[i].Contains($"/{file}>", StringComparison.Ordinal))
                yield return (i, Done(lines, i));
    }

    private static int Done(string[] lines, int begun) => lines[begun].Contains("<unfinished", StringComparison.Ordinal)
        ? Array.FindIndex(lines, begun, line => line.StartsWith(lines[begun].Split(' ')[0] + " ", StringComparison.Ordinal) && line.Contains("resumed>", StringComparison.Ordinal))
        : begun;

    private static bool Writes(string line, string descriptor) => line.Contains($"pwrite64({descriptor}<", StringComparison.Ordinal);

    [GeneratedRegex(@"^\d+ +f(?:data)?sync\(")]
    private static partial Regex Flush();

    [GeneratedRegex(@"openat\(.*O_DSYNC.* = (\d+)<[^>]*/charges\.journal>")]
    private static partial Regex Synchronous();

    [GeneratedRegex(@"^\d+ +send(?:to|msg)\(")]
    private static partial Regex Send();
}
