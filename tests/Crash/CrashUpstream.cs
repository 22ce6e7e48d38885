using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Milliways.Crash;

/// <summary>
/// A Chat upstream that keeps the tag of each request it was asked, and answers it with as many tokens as the tag says; it fails at every request whose tag
/// ends with an f.
/// </summary>
internal sealed partial class CrashUpstream : IAsyncDisposable
{
    /// <summary>Tokens of every prompt.</summary>
    public const int Prompt = 5;

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, int> _asked = new();

    private CrashUpstream(WebApplication app) => _app = app;

    public string Base => _app.Urls.First();

    /// <summary>Something happened here.</summary>
    public Action? Step { get; set; }

    public bool WasAsked(string tag) => _asked.ContainsKey(tag);

    /// <summary>Tokens of the answer to a tag, such as <c>r12-7-33</c>: its last number.</summary>
    public static int Tokens(string tag) => int.Parse(tag.TrimEnd('f').Split('-')[^1], CultureInfo.InvariantCulture);

    public static async Task<CrashUpstream> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var upstream = new CrashUpstream(builder.Build());
        upstream._app.Run(upstream.AnswerAsync);
        await upstream._app.StartAsync();
        return upstream;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var body = await reader.ReadToEndAsync();
        var tag = Tag().Match(body).Groups[1].Value;
        _asked.AddOrUpdate(tag, 1, (_, count) => count + 1);
        Step?.Invoke();
        var usage = string.Create(CultureInfo.InvariantCulture, $$"""{"prompt_tokens":{{Prompt}},"completion_tokens":{{Tokens(tag)}},"total_tokens":{{Prompt + Tokens(tag)}}}""");
        if (tag.EndsWith('f'))
            http.Response.StatusCode = 500;
        else if (body.Contains("\"stream\":true", StringComparison.Ordinal))
        {
            http.Response.ContentType = "text/event-stream";
            foreach (var piece in (string[])[Chunk("{\"role\":\"assistant\",\"content\":\"\"}"), Chunk("{\"content\":\"one \"}"), Chunk("{\"content\":\"two\"}"), Chunk("{}", "\"stop\"")])
            {
                await http.Response.WriteAsync(piece, http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
                Step?.Invoke();
            }
            await http.Response.WriteAsync($$"""data: {"id":"up","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{{usage}}}""" + "\n\ndata: [DONE]\n\n", http.RequestAborted);
        }
        else
        {
            http.Response.ContentType = "application/json";
            await http.Response.WriteAsync(
                $$"""{"id":"up","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"one two"},"finish_reason":"stop"}],"usage":{{usage}}}""", http.RequestAborted);
        }
        Step?.Invoke();
    }

    private static string Chunk(string delta, string finish = "null") =>
        $$"""data: {"id":"up","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{{delta}},"finish_reason":{{finish}}}]}""" + "\n\n";

    [GeneratedRegex("tag (r[0-9]+-[0-9]+-[0-9]+f?)")]
    private static partial Regex Tag();
}
