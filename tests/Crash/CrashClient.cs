using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Milliways.Crash;

/// <summary>What a caller saw of a request.</summary>
/// <param name="Tag">In its prompt and in its header of tags.</param>
/// <param name="Status">0: not even a head.</param>
/// <param name="Id">The <c>x-request-id</c> of the answer.</param>
/// <param name="IsComplete">It got the end of the answer.</param>
/// <param name="Told">The cost that the answer told, in ticks.</param>
internal sealed record Seen(string Tag, int Status, string? Id, bool IsComplete, long? Told);

/// <summary>A caller of all three dialects, whole and streamed, that takes note of what it gets and by when.</summary>
internal static partial class CrashClient
{
    public const int Kinds = 6;

    private static readonly string[] Ends = ["data: [DONE]", "event: message_stop", "event: response.completed"];

    /// <summary>Asks once.</summary>
    /// <param name="http">With the key and the server's address.</param>
    /// <param name="kind">Even ones are whole.</param>
    /// <param name="tag">See <see cref="CrashUpstream"/>.</param>
    /// <param name="step">Something was received.</param>
    public static async Task<Seen> AskAsync(HttpClient http, int kind, string tag, Action step)
    {
        var isStream = kind % 2 == 1;
        using var request = new HttpRequestMessage(HttpMethod.Post, (kind / 2) switch { 0 => "/v1/chat/completions", 1 => "/v1/messages", _ => "/v1/responses" })
        {
            Content = new StringContent(Body(kind / 2, tag, isStream), Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("x-milliways-tags", tag);
        var seen = new Seen(tag, 0, null, false, null);
        var text = new StringBuilder();
        try
        {
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            step();
            seen = seen with { Status = (int)answer.StatusCode, Id = Header(answer, "x-request-id"), Told = Ticks(Header(answer, "x-milliways-cost-ticks")) };
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
            var buffer = new char[4096];
            while (await reader.ReadAsync(buffer) is var read and > 0)
            {
                text.Append(buffer, 0, read);
                step();
            }
            seen = seen with { IsComplete = !isStream || seen.Status != 200 };
        }
        catch (Exception torn) when (torn is HttpRequestException or IOException or OperationCanceledException)
        {
            // The server died; what has come until then counts.
        }
        if (isStream && seen.Status == 200 && text.ToString() is var events)
            seen = seen with
            {
                IsComplete = events.Contains(Ends[kind / 2], StringComparison.Ordinal),
                Told = Cost().Match(events) is { Success: true } found ? Ticks(found.Groups[1].Value) : null,
            };
        return seen;
    }

    private static string Body(int dialect, string tag, bool isStream)
    {
        var stream = isStream ? ",\"stream\":true" : "";
        return dialect switch
        {
            0 => $$"""{"model":"priced","max_tokens":100,"messages":[{"role":"user","content":"tag {{tag}}"}]{{stream}}{{(isStream ? ",\"stream_options\":{\"include_usage\":true}" : "")}}}""",
            1 => $$"""{"model":"priced","max_tokens":100,"messages":[{"role":"user","content":"tag {{tag}}"}]{{stream}}}""",
            _ => $$"""{"model":"priced","max_output_tokens":100,"store":false,"input":"tag {{tag}}"{{stream}}}""",
        };
    }

    private static string? Header(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? values.First() : null;

    private static long? Ticks(string? text) => text is null ? null : long.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex("\"cost_in_usd_ticks\": ?([0-9]+)")]
    private static partial Regex Cost();
}
