using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Milliways.EndToEnd.Support;

/// <summary>One event: its name, where it has one, and its data.</summary>
internal sealed record ServerEvent(string? Name, string Data)
{
    public JsonNode Json => JsonNode.Parse(Data) ?? throw new InvalidOperationException("The event's data is null.");
}

/// <summary>A stream that has been read to its end.</summary>
/// <param name="EndedProperly">False when the connection was torn.</param>
internal sealed record StreamText(HttpStatusCode Status, IReadOnlyDictionary<string, string> Headers, IReadOnlyList<ServerEvent> Events, bool EndedProperly)
{
    public IEnumerable<JsonNode> Chunks => Events.Where(item => item.Data != "[DONE]").Select(item => item.Json);

    public bool IsDone => Events.Count > 0 && Events[^1].Data == "[DONE]";

    /// <summary>The text of a Chat stream's first choice, put together.</summary>
    public string ChatText => string.Concat(Chunks.SelectMany(chunk => chunk["choices"]?.AsArray() ?? [])
        .Where(choice => choice!["index"]!.GetValue<int>() == 0).Select(choice => choice!["delta"]!["content"]?.GetValue<string>()));

    public string? FinishReason => Chunks.SelectMany(chunk => chunk["choices"]?.AsArray() ?? []).Select(choice => choice!["finish_reason"]?.GetValue<string>()).LastOrDefault(reason => reason is not null);

    /// <summary>The text of a Messages stream, put together.</summary>
    public string MessagesText => string.Concat(Events.Where(item => item.Name == "content_block_delta").Select(item => item.Json["delta"]!["text"]?.GetValue<string>()));

    public override string ToString() => $"{(int)Status}, ended {(EndedProperly ? "properly" : "torn")}:\n{string.Join('\n', Events.Select(item => $"{item.Name}: {item.Data}"))}";
}

/// <summary>A stream of server-sent events, as it comes.</summary>
internal sealed class EventStream(HttpResponseMessage response, Stream body) : IAsyncDisposable
{
    private readonly StreamReader _reader = new(body, Encoding.UTF8);
    private readonly List<ServerEvent> _events = [];

    public HttpStatusCode Status => response.StatusCode;

    public IReadOnlyDictionary<string, string> Headers { get; } = Api.Headers(response);

    /// <summary>The next event, or null at a proper end; an exception at a torn one.</summary>
    public async Task<ServerEvent?> NextAsync()
    {
        string? name = null;
        var data = new StringBuilder();
        using var patience = new CancellationTokenSource(Patience.Long);
        while (await _reader.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
                name = line["event: ".Length..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
                data.Append(data.Length > 0 ? "\n" : "").Append(line, "data: ".Length, line.Length - "data: ".Length);
            else if (line.Length == 0 && data.Length > 0)
            {
                _events.Add(new ServerEvent(name, data.ToString()));
                return _events[^1];
            }
        }
        return null;
    }

    /// <summary>Reads on until an event with some text has come.</summary>
    public async Task FirstTextAsync()
    {
        while (await NextAsync() is { } item)
            if (item.Name == "content_block_delta" || (item.Data.StartsWith('{') && item.Json["choices"]?.AsArray() is [{ } choice, ..] && choice["delta"]?["content"]?.GetValue<string>() is { Length: > 0 }))
                return;
        Assert.Fail($"The stream ended without text: {string.Join('\n', _events.Select(item => item.Data))}");
    }

    /// <summary>Everything, with what was read before.</summary>
    public async Task<StreamText> ReadToEndAsync()
    {
        var properly = true;
        try
        {
            while (await NextAsync() is not null) { }
        }
        catch (Exception torn) when (torn is IOException or HttpRequestException)
        {
            properly = false;
        }
        return new StreamText(Status, Headers, [.. _events], properly);
    }

    /// <summary>Leaves: the connection is closed in the middle.</summary>
    public async ValueTask DisposeAsync()
    {
        _reader.Dispose();
        await body.DisposeAsync();
        response.Dispose();
    }
}
