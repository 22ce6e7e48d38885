using System.Text;
using Milliways.Upstreams.Http1;

namespace Milliways.Tests.Upstreams.Http1;

/// <summary>The head of an answer: what it says of the body's end, and what is no head at all (RFC 9112 §4 to §6).</summary>
public sealed class ResponseHeadTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5", nameof(BodyEnd.Length), 5, true)]
    [InlineData("HTTP/1.1 200\r\nContent-Length:5", nameof(BodyEnd.Length), 5, true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0", nameof(BodyEnd.Empty), 0, true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-length: 5", nameof(BodyEnd.Length), 5, true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", nameof(BodyEnd.Chunks), 0, true)]
    [InlineData("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, Chunked ", nameof(BodyEnd.Chunks), 0, true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip", nameof(BodyEnd.Close), 0, false)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5", nameof(BodyEnd.Chunks), 0, false)]
    [InlineData("HTTP/1.1 200 OK", nameof(BodyEnd.Close), 0, false)]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 5", nameof(BodyEnd.Empty), 0, true)]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 5", nameof(BodyEnd.Empty), 0, true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x, Close", nameof(BodyEnd.Length), 5, false)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 5", nameof(BodyEnd.Length), 5, false)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive", nameof(BodyEnd.Length), 5, true)]
    public void The_head_says_where_the_body_ends_and_whether_the_connection_is_kept(string head, string end, long length, bool keeps)
    {
        var read = Read(head + "\r\n\r\n");

        Assert.Equal((end, length, keeps), (read.End.ToString(), read.Length, read.KeepsConnection));
        Assert.Equal(BodyEnd.Empty, ResponseHead.Read(Encoding.Latin1.GetBytes(head + "\r\n\r\n"), HttpMethod.Head).End);
        Assert.Equal(end, Read(head.ReplaceLineEndings("\n") + "\n\n").End.ToString());
    }

    [Theory]
    [InlineData("HTTP/2 200 OK")]
    [InlineData("HTTP/1.1 20 OK")]
    [InlineData("HTTP/1.1 099 OK")]
    [InlineData("HTTP/1.1 2000")]
    [InlineData("HTTP/1.1-200 OK")]
    [InlineData("SSH-2.0-OpenSSH_9.2")]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nno header")]
    [InlineData("HTTP/1.1 200 OK\r\n: nameless")]
    [InlineData("HTTP/1.1 200 OK\r\nName : of whom")]
    [InlineData("HTTP/1.1 200 OK\r\n folded: behind nothing")]
    [InlineData("HTTP/1.1 200 OK\r\nName: a\0b")]
    [InlineData("HTTP/1.1 200 OK\r\nName: a\rb")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: +1")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: five")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999")]
    public void What_is_no_head_of_HTTP_1_is_refused(string head) => Assert.Throws<HttpRequestException>(() => Read(head + "\r\n\r\n"));

    [Fact]
    public void Headers_are_the_answer_s_and_its_content_s_as_they_came()
    {
        using var answer = new HttpResponseMessage { Content = new ByteArrayContent([]) };
        Read("HTTP/1.1 429 Slow down\r\ncontent-type: a/b; c=d\r\nX-Odd:  \tä b\t \r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-Folded: one\r\n\t two\r\nX-Empty:\r\nExpires: 0\r\n\r\n").CopyTo(answer);

        Assert.Equal(429, (int)answer.StatusCode);
        Assert.Equal("a/b; c=d", answer.Content.Headers.NonValidated["Content-Type"].ToString());
        Assert.Equal("0", answer.Content.Headers.NonValidated["Expires"].ToString());
        Assert.Equal("ä b", answer.Headers.NonValidated["x-odd"].ToString());
        Assert.Equal(["a=1", "b=2"], answer.Headers.NonValidated["Set-Cookie"]);
        Assert.Equal("one two", answer.Headers.NonValidated["X-Folded"].ToString());
        Assert.Equal("", answer.Headers.NonValidated["X-Empty"].ToString());
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nbody", 19)]
    [InlineData("HTTP/1.1 200 OK\n\nbody", 17)]
    [InlineData("HTTP/1.1 200 OK\r\na: b\n\r\nbody", 24)]
    [InlineData("HTTP/1.1 200 OK\r\na: b\r\n", -1)]
    [InlineData("HTTP/1.1 200 OK\r\n\r", -1)]
    public void A_head_ends_with_its_empty_line(string received, int length) => Assert.Equal(length, ResponseHead.Find(Encoding.Latin1.GetBytes(received)));

    private static ResponseHead Read(string head) => ResponseHead.Read(Encoding.Latin1.GetBytes(head), HttpMethod.Post);
}
