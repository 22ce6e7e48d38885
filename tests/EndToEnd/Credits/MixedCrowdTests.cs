using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Milliways.EndToEnd.Support;
using static Milliways.EndToEnd.Credits.Replicas;

namespace Milliways.EndToEnd.Credits;

/// <summary>A thousand requests at one moment over three processes, of which many do not go well.</summary>
public sealed partial class MixedCrowdTests
{
    private const int Crowd = 1000, Paid = 100;
    private const long Answer = Tokens * TokenTicks;

    private enum Kind
    {
        Whole,
        Streamed,
        Fails,
        Cut,
        Leaves,
        Picture,
        LongPrompt,
    }

    /// <summary>One pixel.</summary>
    private const string Picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    /// <summary>None costs more than the answer that the balance counts by, and some cost less.</summary>
    private const string Long = """
        , "long": { "attempts": [ { "upstream": "lab", "model": "alpha" } ],
                    "price": { "input": "0.1", "output": "10", "image": "0.2", "longContext": { "above": 2000, "input": "0.2", "output": "8" } } }
        """;

    /// <summary>Completed when the caller of a stream has its beginning, and it may be cut; by the caller's number.</summary>
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _begun = new();
    private int _callers;

    [Fact]
    public async Task With_failures_cuts_leaving_callers_pictures_and_long_prompts_three_processes_serve_what_the_money_pays_for_and_never_more()
    {
        await using var postgres = await PostgresAsync();
        await using var upstream = await FakeUpstream.StartAsync(AnswerAsync);
        await using var servers = await StartAsync(postgres, upstream, models: Long);
        await CommandAsync(postgres, "credits", "grant", "0.15", "--reason", "test");

        var (answers, completed) = (new ConcurrentBag<(Kind Kind, Answer Answer)>(), 0);
        // Whoever was refused because others held the money asks again when they have ended, until what is left pays for nothing more.
        for (var (wave, left, before) = (0, Paid * Answer, long.MaxValue); left >= Answer && left < before; wave++)
        {
            await Task.WhenAll(Enumerable.Range(0, wave == 0 ? Crowd : Crowd / 10).Select(async i =>
            {
                var kind = (Kind)(i / 3 % Enum.GetValues<Kind>().Length);
                var (answer, isWhole) = await AskAsync(servers[i % 3].Api, kind);
                answers.Add((kind, answer));
                Interlocked.Add(ref completed, isWhole ? 1 : 0);
            }));
            await Until.TrueAsync(async () => (await CommandAsync(postgres, "credits", "show"))["held_ticks"]!.GetValue<long>() == 0, "nothing is held");
            (before, left) = (left, (await CommandAsync(postgres, "credits", "show"))["balance_ticks"]!.GetValue<long>());
        }

        Assert.True(completed >= 95, $"Only {completed} were served.");
        var begun = answers.Where(one => one.Answer.Status == HttpStatusCode.OK).ToList();
        Assert.Equal(Enum.GetValues<Kind>().Except([Kind.Fails]), begun.Select(one => one.Kind).Distinct().Order());
        Assert.Contains(answers, one => one.Kind == Kind.Fails && (int)one.Answer.Status >= 500);
        await ChecksAsync(postgres, [.. begun.Select(one => one.Answer)], Paid * Answer);
        var charged = (await CommandAsync(postgres, "credits", "statement", "--limit", "10000"))["entries"]!.AsArray().Where(entry => entry!["kind"]!.GetValue<string>() == "charge")
            .ToDictionary(entry => entry!["request_id"]!.GetValue<string>(), entry => -entry!["amount_ticks"]!.GetValue<long>());
        foreach (var (kind, answer) in begun)
            switch (kind)
            {
                case Kind.Whole or Kind.Streamed:
                    Assert.Equal(Answer, Charged(answer));
                    break;
                case Kind.Picture: // 5 tokens of prompt and 100 of output
                    Assert.Equal(5 * 1_000 + Tokens * 100_000, Charged(answer));
                    break;
                case Kind.LongPrompt: // 3,000 of prompt and 100 of output at the prices of a long context
                    Assert.Equal(3000 * 2_000 + Tokens * 80_000, Charged(answer));
                    break;
                default: // some words of an answer that did not end
                    Assert.InRange(Charged(answer), 1, Answer - 1);
                    break;
            }

        long Charged(Answer answer) => charged[answer.Header("x-request-id")!];
    }

    /// <returns>The answer, and whether it came to its end.</returns>
    private async Task<(Answer Answer, bool IsWhole)> AskAsync(Api api, Kind kind)
    {
        var number = $"caller-{Interlocked.Increment(ref _callers)}-";
        var begun = _begun[number] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        JsonNode content = kind switch
        {
            Kind.Picture => new JsonArray(
                new JsonObject { ["type"] = "text", ["text"] = kind.ToString() },
                new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = "data:image/png;base64," + Picture } }),
            Kind.LongPrompt => kind + new string('x', 9000),
            _ => $"{kind} {number}",
        };
        var body = new JsonObject
        {
            ["model"] = kind is Kind.Picture or Kind.LongPrompt ? "long" : "output-only", ["max_tokens"] = Tokens, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = content }),
        };
        if (kind is not (Kind.Streamed or Kind.Cut or Kind.Leaves))
        {
            var answer = await api.PostAsync("/v1/chat/completions", body);
            return (answer, answer.Status == HttpStatusCode.OK);
        }
        body["stream"] = true;
        await using var stream = await api.StreamAsync("/v1/chat/completions", body);
        var isWhole = false;
        if (stream.Status == HttpStatusCode.OK)
        {
            await stream.FirstTextAsync();
            begun.SetResult();
            isWhole = kind != Kind.Leaves && (await stream.ReadToEndAsync()).IsDone;
        }
        return (new Answer(stream.Status, "", stream.Headers), isWhole);
    }

    private async Task AnswerAsync(HttpContext http, string body)
    {
        if (body.Contains(nameof(Kind.Fails), StringComparison.Ordinal))
            http.Response.StatusCode = 500;
        else if (body.Contains(nameof(Kind.Cut), StringComparison.Ordinal) || body.Contains(nameof(Kind.Leaves), StringComparison.Ordinal))
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync("""data: {"id":"up","object":"chat.completion.chunk","created":1,"model":"alpha","choices":[{"index":0,"delta":{"role":"assistant","content":"a few words"},"finish_reason":null}]}""" + "\n\n");
            await http.Response.Body.FlushAsync();
            if (body.Contains(nameof(Kind.Leaves), StringComparison.Ordinal))
                await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            else
                await _begun[Number().Match(body).Value].Task;
            http.Abort();
        }
        else
            await Replicas.AnswerAsync(http, body, promptTokens: body.Contains(nameof(Kind.LongPrompt), StringComparison.Ordinal) ? 3000 : 5);
    }

    [GeneratedRegex("caller-[0-9]+-")]
    private static partial Regex Number();
}
