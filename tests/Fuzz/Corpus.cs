using System.Text;
using System.Text.Json;

namespace Milliways.Fuzz;

/// <summary>Good inputs to start from: recorded answers of upstreams, requests of real clients.</summary>
internal sealed class Corpus
{
    private const string Folder = "Recorded";

    public Corpus()
    {
        Streams = [.. Files("*.stream.txt").Select(file => (Wire(file), File.ReadAllBytes(file)))];
        Answers = [.. Files("*.json").Select(file => (Wire(file), File.ReadAllBytes(file)))];
        Requests = [.. Vectors(), .. Odd.Select(Encoding.UTF8.GetBytes)];
        (GrpcRequests, GrpcStreams, GrpcAnswers) = Grpc();
        All = [.. Streams.Select(each => each.Bytes), .. Answers.Select(each => each.Bytes), .. Requests];
    }

    public IReadOnlyList<(string Wire, byte[] Bytes)> Streams { get; }

    public IReadOnlyList<(string Wire, byte[] Bytes)> Answers { get; }

    public IReadOnlyList<byte[]> Requests { get; }

    /// <summary>Chat requests over gRPC, without their frames' heads.</summary>
    public IReadOnlyList<byte[]> GrpcRequests { get; }

    /// <summary>Streams over gRPC, of whole frames.</summary>
    public IReadOnlyList<byte[]> GrpcStreams { get; }

    /// <summary>Answers over gRPC, without their frames' heads.</summary>
    public IReadOnlyList<byte[]> GrpcAnswers { get; }

    public IReadOnlyList<byte[]> All { get; }

    /// <summary>Requests with the members that clients rarely send.</summary>
    private static readonly string[] Odd =
    [
        """{"model":"m","messages":[{"role":"system","content":"S"},{"role":"user","content":[{"type":"text","text":"生命"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo=","detail":"low"}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":[1,2]}"}}]},{"role":"tool","tool_call_id":"c1","content":"ok"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"array"}}},"strict":true}}],"tool_choice":"required","stream":true,"stream_options":{"include_usage":true},"stop":["a","b"],"n":2,"seed":7,"logprobs":true,"top_logprobs":3,"temperature":0.5,"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object"}}},"reasoning_effort":"low"}""",
        """{"model":"m","max_tokens":64,"system":[{"type":"text","text":"S","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}},{"type":"text","text":"Hi"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"T","signature":"c2ln"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","is_error":true,"content":[{"type":"text","text":"bad"}]}]}],"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"},"thinking":{"type":"enabled","budget_tokens":1024},"stop_sequences":["x"],"stream":true,"metadata":{"user_id":"u"}}""",
        """{"model":"m","prompt":"Once","suffix":"end","echo":true,"logprobs":2,"stream":true}""",
        """{"model":"m","prompt":"\n\nHuman: Hi\n\nAssistant:","max_tokens_to_sample":9}""",
        """{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"Hi"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"1"}],"instructions":"S","tools":[{"type":"function","name":"f","parameters":{}}],"reasoning":{"effort":"low"},"text":{"format":{"type":"text"}},"stream":true}""",
    ];

    private static string[] Files(string pattern) =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, Folder), pattern).Order(StringComparer.Ordinal)];

    private static string Wire(string file) => Path.GetFileName(file).Split('.')[0];

    /// <summary>Every object of the clients' recordings that looks like a body.</summary>
    private static IEnumerable<byte[]> Vectors()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Vectors"), "*.json").Order(StringComparer.Ordinal))
            using (var document = JsonDocument.Parse(File.ReadAllBytes(file)))
                foreach (var body in Bodies(document.RootElement))
                    yield return Encoding.UTF8.GetBytes(body);
    }

    private static (List<byte[]> Requests, List<byte[]> Streams, List<byte[]> Answers) Grpc()
    {
        var (requests, streams, answers) = (new List<byte[]>(), new List<byte[]>(), new List<byte[]>());
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Vectors", "xai-sdk.json")));
        foreach (var exchange in document.RootElement.GetProperty("vectors").EnumerateArray().SelectMany(vector => vector.GetProperty("exchanges").EnumerateArray()))
        {
            var (request, answer) = (exchange.GetProperty("request"), exchange.GetProperty("answer"));
            if (request.GetProperty("message_type").GetString() != "xai_api.GetCompletionsRequest")
                continue;
            requests.Add(request.GetProperty("message_base64").GetBytesFromBase64());
            if (answer.GetProperty("code").GetString() != "OK")
                continue;
            var messages = answer.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("base64").GetBytesFromBase64()).ToList();
            switch (request.GetProperty("method").GetString())
            {
                case "/xai_api.Chat/GetCompletionChunk":
                    streams.Add([.. messages.SelectMany(message => (byte[])[0, (byte)(message.Length >> 24), (byte)(message.Length >> 16), (byte)(message.Length >> 8), (byte)message.Length, .. message])]);
                    break;
                case "/xai_api.Chat/GetCompletion":
                    answers.Add(messages[0]);
                    break;
            }
        }
        return (requests, streams, answers);
    }

    private static List<string> Bodies(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object when value.TryGetProperty("model", out _) && (value.TryGetProperty("messages", out _) || value.TryGetProperty("input", out _)) => [value.GetRawText()],
        JsonValueKind.Object => [.. value.EnumerateObject().SelectMany(member => Bodies(member.Value))],
        JsonValueKind.Array => [.. value.EnumerateArray().SelectMany(Bodies)],
        _ => [],
    };
}
