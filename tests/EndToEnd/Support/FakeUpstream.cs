using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Milliways.EndToEnd.Support;

/// <summary>What an upstream was asked.</summary>
internal sealed record Asked(string Path, string? Authorization, string Body);

/// <summary>A small upstream that speaks OpenAI's Chat dialect and remembers what it was asked.</summary>
internal sealed class FakeUpstream : IAsyncDisposable
{
    /// <summary>A whole answer with spaces and an unknown member, which must come through as they are.</summary>
    public const string WholeAnswer =
        """{ "id": "up-1", "object": "chat.completion", "created": 1, "model": "upstream-model", "choices": [ {"index": 0, "message": {"role": "assistant", "content": "Forty-two.", "refusal": null}, "finish_reason": "stop"} ], "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}, "x_extra": [1,  2] }""";

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Asked> _asked = new();

    private FakeUpstream(WebApplication app) => _app = app;

    public string Base => _app.Urls.First();

    public IReadOnlyList<Asked> Asked => [.. _asked];

    /// <param name="answer">What it does; by default it answers everything with <see cref="WholeAnswer"/>.</param>
    public static Task<FakeUpstream> StartAsync(Func<HttpContext, Task>? answer = null) => StartAsync((http, _) => (answer ?? AnswerWholeAsync)(http));

    /// <param name="answer">What it does with a request and its body.</param>
    public static async Task<FakeUpstream> StartAsync(Func<HttpContext, string, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var upstream = new FakeUpstream(builder.Build());
        upstream._app.Run(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            var body = await reader.ReadToEndAsync();
            upstream._asked.Enqueue(new Asked(http.Request.Path, http.Request.Headers.Authorization, body));
            await answer(http, body);
        });
        await upstream._app.StartAsync();
        return upstream;
    }

    public static Task AnswerWholeAsync(HttpContext http)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(WholeAnswer);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
