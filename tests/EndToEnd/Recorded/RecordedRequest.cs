using System.Text;
using System.Text.Json.Nodes;

namespace Milliways.EndToEnd.Recorded;

/// <summary>One request as a client sent it, with the status that the client's stand-in answered.</summary>
internal sealed record RecordedRequest(string Name, string Vector, JsonNode Sent, int Status)
{
    public string Path => Sent["path"]!.GetValue<string>();

    public string Method => Sent["method"]!.GetValue<string>();

    public JsonObject? Body => Sent["body"] as JsonObject;

    /// <summary>The request asks a model for words, so that every upstream can serve it.</summary>
    public bool IsChat => Body?["messages"] is not null || Body?["input"] is not null && Path.EndsWith("/responses", StringComparison.Ordinal);

    public bool IsStreamed => Body?["stream"]?.GetValue<bool>() == true;

    /// <summary>It names a response that must have been stored before.</summary>
    public bool NeedsResponse => Path.StartsWith("/v1/responses/", StringComparison.Ordinal) || Body?["previous_response_id"] is not null;

    /// <summary>The stand-in was told by the model's name to refuse the first try.</summary>
    public bool IsScripted => Body?["model"]?.GetValue<string>().StartsWith("mw-script:", StringComparison.Ordinal) == true;

    public static IEnumerable<RecordedRequest> Read(string file)
    {
        var client = System.IO.Path.GetFileNameWithoutExtension(file);
        foreach (var vector in JsonNode.Parse(File.ReadAllText(file))!["vectors"]!.AsArray())
        {
            var at = 0;
            foreach (var exchange in vector!["exchanges"]!.AsArray())
            {
                at++;
                if (exchange!["request"]!["path"] is not null)
                    yield return new RecordedRequest($"{client}: {vector["name"]} {at}", vector["name"]!.GetValue<string>(), exchange["request"]!, exchange["answer"]!["status"]!.GetValue<int>());
            }
        }
    }

    /// <summary>The request as it was, but for the address, the key, and the model's name where another upstream than Chat is to serve it.</summary>
    public HttpRequestMessage Request(string address, string account, string key, string upstream, string response)
    {
        var path = Path.Replace("/account/gateway/", $"/{account}/default/", StringComparison.Ordinal);
        if (path.StartsWith("/v1/responses/", StringComparison.Ordinal))
            path = "/v1/responses/" + response;
        var query = Sent["query"]!.GetValue<string>();
        var request = new HttpRequestMessage(new HttpMethod(Method), address + path + (query.Length > 0 ? "?" + query : ""));
        if (Body is not null)
        {
            var body = Body.DeepClone().AsObject();
            if (IsScripted)
                body["model"] = $"{(Status == 200 ? "good" : "broken")}@{upstream}";
            else if (upstream != "openai-chat" && body["model"]?.GetValue<string>() is "grok-beta" or "grok-vision-beta")
                body["model"] = $"{body["model"]}@{upstream}";
            if (body["previous_response_id"] is not null)
                body["previous_response_id"] = response;
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }
        foreach (var header in Sent["headers"]!.AsArray())
        {
            var (name, value) = (header![0]!.GetValue<string>(), header[1]!.GetValue<string>().Replace("<key>", key, StringComparison.Ordinal));
            if (!name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase) && !name.Equals("Accept-Encoding", StringComparison.OrdinalIgnoreCase))
                Assert.True(request.Headers.TryAddWithoutValidation(name, value), name);
        }
        return request;
    }
}
