using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Milliways.Tests.Support;
using Milliways.Tests.Support.Upstreams;

namespace Milliways.EndToEnd.Support.Scripted;

/// <summary>
/// One upstream on Kestrel that speaks every upstream dialect, each on its own paths. It does what a model would: calls the functions it is given,
/// tells their results, follows a schema, describes a picture, and otherwise says <see cref="Text"/>. A model's name asks for more: see
/// <see cref="Models"/>.
/// </summary>
internal sealed class ScriptedUpstream : IAsyncDisposable
{
    /// <summary>The recorded text.</summary>
    public const string Text = "Hi, 生命!";

    /// <summary>The recorded reasoning.</summary>
    public const string Reasoning = "Let me think.";

    /// <summary>
    /// <c>good</c>; <c>thinks</c> (reasoning first); <c>limited</c> and <c>shaky</c> (429 with Retry-After 1, or 503, and good when asked again);
    /// <c>busy</c>, <c>bad</c>, <c>locked</c>, <c>broken</c> (429, 400, 401, 500 always); <c>cut</c> (the connection dies in the middle of a stream).
    /// </summary>
    public static readonly string[] Models = ["good", "thinks", "limited", "shaky", "busy", "bad", "locked", "broken", "cut"];

    /// <summary>The dialects as the configuration calls them.</summary>
    public static readonly string[] Dialects = ["openai-chat", "openai-responses", "anthropic", "google"];

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, int> _tries = new();
    private int _answers;

    private ScriptedUpstream(WebApplication app) => _app = app;

    public string Base => _app.Urls.First();

    /// <summary>A picture at an address.</summary>
    public string PictureAddress => Base + "/towel.png";

    public static async Task<ScriptedUpstream> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var upstream = new ScriptedUpstream(builder.Build());
        upstream._app.Run(upstream.AnswerAsync);
        await upstream._app.StartAsync();
        return upstream;
    }

    /// <summary>The configuration of a gateway in front of it: an upstream for each dialect, and no second try but the client's own.</summary>
    public string Upstreams => string.Join(",\n", Dialects.Select(dialect =>
        $$"""    "{{dialect}}": { "dialect": "{{dialect}}", "baseUrl": "{{Base}}{{(dialect.StartsWith("openai", StringComparison.Ordinal) ? "/v1" : "")}}", "apiKey": "sk-scripted", "retries": 0, "breaker": null }"""));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        if (path == "/towel.png")
        {
            http.Response.ContentType = "image/png";
            await http.Response.Body.WriteAsync(ImageFiles.Png);
            return;
        }
        var body = (await JsonNode.ParseAsync(http.Request.Body))!;
        var model = path.Split('/')[^1].Split(':')[0];
        switch (path)
        {
            case "/v1/chat/completions":
                await PlayAsync(http, Reading.Chat(body));
                break;
            case "/v1/responses":
                await PlayAsync(http, Reading.Responses(body));
                break;
            case "/v1/messages":
                await PlayAsync(http, Reading.Messages(body));
                break;
            case "/v1/messages/count_tokens":
                await WriteAsync(http, """{"input_tokens":12}""");
                break;
            case "/v1/embeddings":
                await WriteAsync(http, Embeddings(body));
                break;
            case var _ when path.EndsWith(":generateContent", StringComparison.Ordinal):
                await PlayAsync(http, Reading.Gemini(body, model, streamed: false));
                break;
            case var _ when path.EndsWith(":streamGenerateContent", StringComparison.Ordinal):
                await PlayAsync(http, Reading.Gemini(body, model, streamed: true));
                break;
            case var _ when path.EndsWith(":countTokens", StringComparison.Ordinal):
                await WriteAsync(http, """{"totalTokens":12}""");
                break;
            default:
                http.Response.StatusCode = 404;
                break;
        }
    }

    private async Task PlayAsync(HttpContext http, Question question)
    {
        var wire = Wire.Of(question.Dialect);
        var refusal = question.Model switch
        {
            "busy" => 429,
            "bad" => 400,
            "locked" => 401,
            "broken" => 500,
            "limited" or "shaky" when _tries.AddOrUpdate($"{question.Dialect} {question.Text}", 1, (_, tries) => tries + 1) == 1 => question.Model == "limited" ? 429 : 503,
            _ => 0,
        };
        if (refusal > 0)
        {
            http.Response.StatusCode = refusal;
            if (refusal == 429)
                http.Response.Headers.RetryAfter = "1";
            await WriteAsync(http, wire.Error(refusal));
            return;
        }
        var answer = Answer(wire, question);
        // Two answers never have the same id.
        answer = answer.Replace("resp_68af", $"resp_{Interlocked.Increment(ref _answers).ToString("x8", CultureInfo.InvariantCulture)}", StringComparison.Ordinal);
        if (!question.Streamed)
        {
            await WriteAsync(http, question.Model == "cut" ? answer[..(answer.Length / 2)] : answer);
            return;
        }
        http.Response.ContentType = "text/event-stream";
        var frames = Wire.FramesOf(answer);
        foreach (var frame in question.Model == "cut" ? frames[..(wire.Committed + 1)] : frames)
        {
            await http.Response.WriteAsync(frame);
            await http.Response.Body.FlushAsync();
        }
        if (question.Model == "cut")
            http.Abort();
    }

    private static string Answer(Wire wire, Question question)
    {
        var streamed = question.Streamed;
        if (question.Functions.Count > 0 && question.Results.Count == 0 && question.MayCall)
        {
            if (question.Functions is [{ Name: "get_weather" }, { Name: "get_time" }] && question.Forced is null)
                return Recordings.Tools(wire, streamed);
            var called = question.Functions.FirstOrDefault(function => function.Name == question.Forced) ?? question.Functions[0];
            return Recordings.Call(wire, called.Name, Recordings.Json(Sample.Of(called.Parameters)), streamed);
        }
        var text = question switch
        {
            { Schema: { } schema } => Recordings.Json(Sample.Of(schema)),
            { Json: true } => """{"answer":"Forty-two."}""",
            { Results.Count: > 0 } => $"The tools say: {string.Join("; ", question.Results)}.",
            { Pictures.Count: > 0 } => $"I see {string.Join(" and ", question.Pictures)}.",
            _ => Text,
        };
        return Recordings.Say(wire, question.Model == "thinks" ? "reasoning" : "text", text, streamed);
    }

    private static string Embeddings(JsonNode body)
    {
        var count = (body["input"] as JsonArray)?.Count ?? 1;
        var vector = new[] { 0.5f, -0.25f, 1f };
        var base64 = body["encoding_format"]?.GetValue<string>() == "base64";
        var one = base64 ? $"\"{Convert.ToBase64String(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(vector))}\"" : "[0.5,-0.25,1]";
        var items = Enumerable.Range(0, count).Select(at => $$"""{"object":"embedding","index":{{at}},"embedding":{{one}}}""");
        return $$$"""{"object":"list","model":"text-embedding-3-small","data":[{{{string.Join(",", items)}}}],"usage":{"prompt_tokens":12,"total_tokens":12}}""";
    }

    private static Task WriteAsync(HttpContext http, string json)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(json);
    }
}
