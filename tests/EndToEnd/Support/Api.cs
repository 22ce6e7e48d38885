using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Milliways.EndToEnd.Support;

/// <summary>Plain HTTP calls with a key.</summary>
internal sealed class Api(string address, string key) : IDisposable
{
    // Leaving closes the connection at once; by default the client would read on for two seconds first.
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxResponseDrainSize = 0 }) { BaseAddress = new Uri(address), Timeout = Patience.Long };

    public string Key => key;

    public Task<Answer> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, null, headers);

    public Task<Answer> PostAsync(string path, JsonNode body, params (string Name, string Value)[] headers) => PostTextAsync(path, body.ToJsonString(), headers);

    public Task<Answer> PostTextAsync(string path, string body, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Post, path, body, headers);

    /// <summary>A question to the model; the answer must be 200.</summary>
    public async Task<JsonNode> ChatAsync(JsonObject body)
    {
        var answer = await PostAsync("/v1/chat/completions", body);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        return answer.Json;
    }

    /// <summary>Begins a stream: returns when the status is there.</summary>
    public async Task<EventStream> StreamAsync(string path, JsonNode body, params (string Name, string Value)[] headers)
    {
        var request = Request(HttpMethod.Post, path, body.ToJsonString(), headers);
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return new EventStream(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>A stream read to its end, whatever that is.</summary>
    public async Task<StreamText> ReadStreamAsync(string path, JsonNode body, params (string Name, string Value)[] headers)
    {
        await using var stream = await StreamAsync(path, body, headers);
        return await stream.ReadToEndAsync();
    }

    public void Dispose() => _http.Dispose();

    private async Task<Answer> SendAsync(HttpMethod method, string path, string? body, (string Name, string Value)[] headers)
    {
        using var response = await _http.SendAsync(Request(method, path, body, headers));
        return new Answer(response.StatusCode, await response.Content.ReadAsStringAsync(), Headers(response));
    }

    private HttpRequestMessage Request(HttpMethod method, string path, string? body, (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        // An empty value takes the header away.
        if (key.Length > 0 && !headers.Any(header => header.Name is "Authorization" or "x-api-key"))
            request.Headers.Add("Authorization", $"Bearer {key}");
        foreach (var (name, value) in headers.Where(header => header.Value.Length > 0))
            Assert.True(request.Headers.TryAddWithoutValidation(name, value) || request.Content!.Headers.TryAddWithoutValidation(name, value));
        return request;
    }

    internal static Dictionary<string, string> Headers(HttpResponseMessage response) =>
        response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
}

internal sealed record Answer(HttpStatusCode Status, string Text, IReadOnlyDictionary<string, string> Headers)
{
    public JsonNode Json => JsonNode.Parse(Text) ?? throw new InvalidOperationException("The answer is null.");

    public string? Header(string name) => Headers.GetValueOrDefault(name);

    public override string ToString() => $"{(int)Status} {Text}";
}
