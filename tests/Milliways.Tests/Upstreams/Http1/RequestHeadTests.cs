using System.Buffers;
using System.Text;
using Milliways.Upstreams.Http1;

namespace Milliways.Tests.Upstreams.Http1;

/// <summary>The head of a request, byte for byte, and what no head may be made of.</summary>
public sealed class RequestHeadTests
{
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    [Theory]
    [InlineData("http://127.0.0.1:81/v1/a/../b?x=%2F", "POST /v1/a/../b?x=%2F HTTP/1.1\r\nHost: 127.0.0.1:81\r\n")]
    [InlineData("https://[::1]/v1", "POST /v1 HTTP/1.1\r\nHost: [::1]\r\n")]
    public void It_says_the_address_as_it_was_written_and_the_host(string address, string head)
    {
        var (isOurs, written) = Write(address, ("X-Two", "a"), ("X-Two", "b"), ("X-Name", "é"));

        Assert.True(isOurs);
        Assert.Equal(head + "X-Two: a, b\r\nX-Name: é\r\nContent-Length: 7\r\n\r\n", written);
    }

    [Theory]
    [InlineData("Connection", "Upgrade")]
    [InlineData("Expect", "100-continue")]
    [InlineData("Host", "elsewhere")]
    [InlineData("Transfer-Encoding", "chunked")]
    public void What_asks_for_something_of_the_connection_is_the_platforms(string name, string value) => Assert.False(Write("http://a/", (name, value)).IsOurs);

    [Fact]
    public void A_line_break_in_an_address_or_a_value_goes_to_nobody()
    {
        Assert.Throws<HttpRequestException>(() => Write("http://a/v1\r\nX-Smuggled: 1"));
        Assert.Throws<HttpRequestException>(() => Write("http://a/v1", ("X-Name", "a\r\nX-Smuggled: 1")));
    }

    private static (bool IsOurs, string Head) Write(string address, params (string Name, string Value)[] headers)
    {
        Assert.True(Uri.TryCreate(address, in AsWritten, out var uri));
        using var request = new HttpRequestMessage(HttpMethod.Post, uri);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        var into = new ArrayBufferWriter<byte>();
        return (RequestHead.TryWrite(request, 7, into), Encoding.UTF8.GetString(into.WrittenSpan));
    }
}
