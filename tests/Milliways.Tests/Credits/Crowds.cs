using System.Globalization;
using System.Text.RegularExpressions;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

/// <summary>What one of a crowd got.</summary>
/// <param name="Kind">Which of <see cref="Crowds"/>.</param>
/// <param name="Status">0: nothing came before it left.</param>
/// <param name="Id">The request's id.</param>
/// <param name="Cost">What the answer said that it cost, in ticks; null when it said nothing.</param>
internal sealed record CrowdAnswer(int Kind, int Status, string? Id, long? Cost);

/// <summary>Requests of many kinds, and an upstream that knows from the prompt what to do with each: it answers with 100 tokens of output.</summary>
internal static partial class Crowds
{
    /// <summary>The first kinds, which all go well: Chat, Messages and Responses, each whole and streamed.</summary>
    public const int Plain = 6;

    public const int Fails = 6, Cut = 7, LeavesEarly = 8, LeavesLate = 9, Picture = 10, LongPrompt = 11, Painted = 12, Kinds = 13;

    /// <summary>An answer, or no credit in either dialect.</summary>
    public static readonly int[] Served = [200, 403, 402];

    private const string Usage = """ "usage":{"prompt_tokens":5,"completion_tokens":100,"total_tokens":105} """;

    public static async Task<CrowdAnswer> AskAsync(TestServer server, string model, int kind)
    {
        var (path, body) = Request(model, kind);
        var answer = await server.PostAsync(path, body);
        var told = answer.Header("x-milliways-cost-ticks") ?? (Told().Match(answer.Text) is { Success: true } found ? found.Groups[1].Value : null);
        return new CrowdAnswer(kind, answer.Status, answer.Header("x-request-id"), told is null ? null : long.Parse(told, CultureInfo.InvariantCulture));
    }

    /// <summary>Asks on a bare socket and leaves: before anything comes, or after the first text, or when the stream was cut.</summary>
    public static async Task<CrowdAnswer> LeaveAsync(TestServer server, int kind)
    {
        await using var client = await RawClient.ConnectAsync(server);
        var (path, body) = Request("output-only", kind);
        await client.PostAsync(path, body);
        if (kind == LeavesEarly)
        {
            client.Leave();
            return new CrowdAnswer(kind, 0, null, null);
        }
        var head = await client.HeadAsync();
        if (head.Status == 200 && kind == Cut)
            await client.RestAsync();
        while (head.Status == 200 && kind == LeavesLate && !(await client.EventAsync())!.Contains("word", StringComparison.Ordinal)) { }
        client.Leave();
        return new CrowdAnswer(kind, head.Status, head.Header("x-request-id"), null);
    }

    /// <summary>What the upstream does.</summary>
    public static async Task AnswerAsync(UpstreamTurn turn)
    {
        var kind = int.Parse(Kind().Match(turn.Request.Text).Groups[1].Value, CultureInfo.InvariantCulture);
        switch (kind)
        {
            case Painted:
                await turn.WholeAsync("""{"data":[{"url":"https://pictures.example/1.png"}]}""");
                break;
            case Fails:
                await turn.WholeAsync("{}", 500);
                break;
            case LeavesEarly:
                await turn.ClosedAsync();
                break;
            case Cut or LeavesLate:
                await turn.BeginAsync();
                await turn.SendAsync(Answers.Role + Answers.Chunk("a few words"));
                if (kind == LeavesLate)
                    await turn.ClosedAsync();
                break;
            case < Plain when kind % 2 == 1:
                await turn.StreamAsync(Answers.Role, Answers.Chunk("words"), Answers.Finish, Answers.Usage.Replace("\"completion_tokens\":1,\"total_tokens\":4", "\"completion_tokens\":100,\"total_tokens\":103", StringComparison.Ordinal), Answers.Done);
                break;
            default:
                var usage = kind == LongPrompt ? Usage.Replace("\"prompt_tokens\":5", "\"prompt_tokens\":3000", StringComparison.Ordinal) : Usage;
                await turn.WholeAsync(
                    """{"id":"up","object":"chat.completion","created":1,"model":"alpha","choices":[{"index":0,"message":{"role":"assistant","content":"words"},"finish_reason":"stop"}],""" + usage + "}");
                break;
        }
    }

    public static (string Path, string Body) Request(string model, int kind)
    {
        var text = $"kind-{kind}-" + (kind == LongPrompt ? new string('x', 9000) : "");
        var stream = kind is Cut or LeavesEarly or LeavesLate || (kind < Plain && kind % 2 == 1) ? ",\"stream\":true" : "";
        var usage = stream.Length > 0 ? """, "stream_options": { "include_usage": true }""" : "";
        var content = kind == Picture
            ? $$"""[{"type":"text","text":"{{text}}"},{"type":"image_url","image_url":{"url":"data:image/png;base64,{{Convert.ToBase64String(ImageFiles.Png)}}" } } ]"""
            : $"\"{text}\"";
        return kind switch
        {
            Painted => ("/v1/images/generations", $$"""{"model":"{{model}}","prompt":"{{text}}","n":1}"""),
            2 or 3 => ("/v1/messages", $$"""{"model":"{{model}}","max_tokens":100,"messages":[{"role":"user","content":{{content}}}]{{stream}} }"""),
            4 or 5 => ("/v1/responses", $$"""{"model":"{{model}}","max_output_tokens":100,"input":{{content}},"store":false{{stream}} }"""),
            _ => ("/v1/chat/completions", $$"""{"model":"{{model}}","max_tokens":100,"messages":[{"role":"user","content":{{content}}}]{{stream}}{{usage}} }"""),
        };
    }

    [GeneratedRegex("\"cost_in_usd_ticks\": ?([0-9]+)")]
    private static partial Regex Told();

    [GeneratedRegex("kind-([0-9]+)-")]
    private static partial Regex Kind();
}
