using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Milliways.Api;

/// <summary>Sends one JSON object with its length.</summary>
internal static class JsonAnswer
{
    public static async Task WriteAsync<T>(HttpContext http, T value, JsonTypeInfo<T> contract, int status = StatusCodes.Status200OK)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, contract);
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
            await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }
}
