using System.Buffers;
using System.Text;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Gemini;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Gemini;

/// <summary>Requests and answers of generateContent through its writer and readers.</summary>
internal static class GeminiWire
{
    /// <summary>The answer of dialects 4.12.7 as Google would stream it.</summary>
    public static readonly string[] Trace =
    [
        """{"candidates":[{"content":{"role":"model","parts":[{"text":"R1","thought":true}]},"index":0}],"usageMetadata":{"promptTokenCount":14,"cachedContentTokenCount":4,"thoughtsTokenCount":3},"modelVersion":"gemini-2.5-pro","responseId":"abc"}""",
        """{"candidates":[{"content":{"role":"model","parts":[{"text":"R2","thought":true}]},"index":0}],"modelVersion":"gemini-2.5-pro","responseId":"abc"}""",
        """{"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"index":0}],"modelVersion":"gemini-2.5-pro","responseId":"abc"}""",
        """{"candidates":[{"content":{"role":"model","parts":[{"text":"!"},{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"c2lnbmVk+/8="}]},"index":0}],"modelVersion":"gemini-2.5-pro","responseId":"abc"}""",
        """{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"g"}}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":14,"cachedContentTokenCount":4,"candidatesTokenCount":14,"thoughtsTokenCount":6,"totalTokenCount":34},"modelVersion":"gemini-2.5-pro","responseId":"abc"}""",
    ];

    public static string Stream(params IEnumerable<string> frames) => string.Concat(frames.Select(frame => "data: " + frame + "\n\n"));

    public static Recorder Read(string stream, IReadOnlyList<int>? pieces = null, bool properEnd = true)
    {
        var (reader, sink) = (GeminiDialect.Instance.NewStreamReader(), new Recorder());
        Wire.Frames(Encoding.UTF8.GetBytes(stream), pieces, (in frame) => reader.Read(frame, sink));
        if (properEnd) reader.EndOfBody(sink);
        return sink;
    }

    public static Recorder ReadWhole(string body)
    {
        var sink = new Recorder();
        GeminiDialect.Instance.ReadAnswer(Encoding.UTF8.GetBytes(body), sink);
        return sink;
    }

    public static Requests.Written Write(ChatRequest request, string model = "gemini-2.5-pro", bool strict = false)
    {
        var (output, dropped) = (new ArrayBufferWriter<byte>(), new List<string>());
        var failure = GeminiDialect.Instance.WriteRequest(request, new UpstreamTarget(model) { Strict = strict }, output, dropped);
        return new Requests.Written(failure, output.WrittenSpan.ToArray(), dropped);
    }

    /// <summary>A Chat request as Google would get it.</summary>
    public static Requests.Written FromChat(string json, string model = "gemini-2.5-pro", bool strict = false)
    {
        var reading = Requests.ReadChat(json);
        Assert.True(reading.IsOk, reading.Failure?.ToString());
        return Write(reading.Value!, model, strict);
    }

    /// <summary>A Messages request as Google would get it.</summary>
    public static Requests.Written FromMessages(string json, string model = "gemini-2.5-pro")
    {
        var reading = Requests.ReadMessages(json);
        Assert.True(reading.IsOk, reading.Failure?.ToString());
        return Write(reading.Value!, model);
    }
}
