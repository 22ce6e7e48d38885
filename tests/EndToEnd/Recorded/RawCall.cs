using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;

namespace Milliways.EndToEnd.Recorded;

/// <summary>What came of a call: its messages as they came, and the status.</summary>
internal sealed record RawAnswer(string Status, string Detail, IReadOnlyList<byte[]> Messages);

/// <summary>A call with bytes that are somebody else's: HTTP/2 and frames, and no library that would write them anew.</summary>
internal static class RawCall
{
    public static async Task<RawAnswer> SendAsync(HttpClient http, string address, string method, IEnumerable<(string Name, string Value)> metadata, int seconds, byte[] message)
    {
        var body = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(1), message.Length);
        message.CopyTo(body, 5);
        using var request = new HttpRequestMessage(HttpMethod.Post, address + method)
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        foreach (var (name, value) in metadata.Append(("te", "trailers")).Append(("grpc-timeout", $"{seconds}S")).Append(("grpc-accept-encoding", "identity, deflate, gzip")))
            Assert.True(request.Headers.TryAddWithoutValidation(name, value), name);
        using var response = await http.SendAsync(request);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal((HttpStatusCode.OK, "application/grpc"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        // A refusal has its status in the head: there is no other part.
        HttpHeaders end = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        return new RawAnswer(end.GetValues("grpc-status").Single(), Uri.UnescapeDataString(end.TryGetValues("grpc-message", out var said) ? said.Single() : ""), Frames(bytes));
    }

    private static List<byte[]> Frames(byte[] bytes)
    {
        var messages = new List<byte[]>();
        for (var at = 0; at < bytes.Length;)
        {
            Assert.Equal(0, bytes[at]); // not compressed
            var length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 1));
            messages.Add(bytes[(at + 5)..(at + 5 + length)]);
            at += 5 + length;
        }
        return messages;
    }
}
