using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Milliways.EndToEnd.Grpc;

/// <summary>The upstream's side of a stream, piece by piece.</summary>
internal sealed class UpstreamStream(HttpContext http)
{
    public async Task AllAsync(params string[] texts)
    {
        foreach (var text in texts)
            await TextAsync(text);
        await EndAsync();
    }

    public Task TextAsync(string text, int index = 0) => SendAsync(Chunk($$"""[{"index":{{index}},"delta":{"role":"assistant","content":{{JsonSerializer.Serialize(text)}}},"finish_reason":null}]"""));

    /// <summary>The reason, the usage, the mark.</summary>
    public async Task EndAsync(int outputs = 1)
    {
        for (var index = 0; index < outputs; index++)
            await SendAsync(Chunk($$"""[{"index":{{index}},"delta":{},"finish_reason":"stop"}]"""));
        await SendAsync(Chunk("[]", ""","usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8}"""));
        await SendAsync("[DONE]");
    }

    public async Task SendAsync(string data)
    {
        if (!http.Response.HasStarted)
            http.Response.ContentType = "text/event-stream";
        await http.Response.WriteAsync($"data: {data}\n\n");
        await http.Response.Body.FlushAsync();
    }

    /// <summary>Completes when the other side has gone.</summary>
    public static async Task LeftAsync(HttpContext http) => await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static string Chunk(string choices, string more = "") => $$"""{"id":"up-1","object":"chat.completion.chunk","created":1750000000,"model":"alpha","choices":{{choices}}{{more}}}""";
}
