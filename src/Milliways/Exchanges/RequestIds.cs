namespace Milliways.Exchanges;

/// <summary>The id of a request: made by us, never the client's (contract, "Request id").</summary>
internal static class RequestIds
{
    private static readonly object Item = new();

    /// <summary>Makes the id and puts it on the answer, under the names that OpenAI's and Anthropic's SDKs read.</summary>
    public static void Assign(HttpContext http, TimeProvider time)
    {
        var id = string.Concat("req_", Guid.CreateVersion7(time.GetUtcNow()).ToString("N"));
        http.Items[Item] = id;
        var headers = http.Response.Headers;
        headers["x-request-id"] = id;
        headers["request-id"] = id;
        var own = http.Request.Headers["x-client-request-id"];
        if (own.Count == 0)
            own = http.Request.Headers["x-request-id"];
        if (own.Count == 1 && own[0] is { Length: > 0 and <= 256 } client)
            headers["x-client-request-id"] = client;
    }

    public static string Of(HttpContext http) => (string)http.Items[Item]!;
}
