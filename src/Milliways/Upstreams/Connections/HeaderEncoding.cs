using System.Text;

namespace Milliways.Upstreams.Connections;

/// <summary>
/// Header values go on in the encoding in which the server reads them, so that what a caller wrote beyond ASCII arrives as its own bytes. The platform would
/// refuse it, and a caller's header would look like an upstream's broken connection.
/// </summary>
internal static class HeaderEncoding
{
    public static HeaderEncodingSelector<HttpRequestMessage> Selector { get; } = static (_, _) => Encoding.UTF8;
}
