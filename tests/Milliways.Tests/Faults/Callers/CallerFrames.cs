using System.Text;

namespace Milliways.Tests.Faults.Callers;

/// <summary>An event as the caller gets it.</summary>
internal sealed record CallerFrame(string? Event, string Data);

/// <summary>Splits an event stream as the HTML standard says: any line end, a byte order mark, comments, several data lines.</summary>
internal static class CallerFrames
{
    public static List<CallerFrame> Of(byte[] stream)
    {
        var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(stream);
        var frames = new List<CallerFrame>();
        string? name = null;
        List<string>? data = null;
        foreach (var line in text.TrimStart('\uFEFF').Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Split('\n'))
        {
            if (line.Length == 0)
            {
                if (data is not null)
                    frames.Add(new CallerFrame(name, string.Join('\n', data)));
                (name, data) = (null, null);
                continue;
            }
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var field = colon < 0 ? line : line[..colon];
            var value = colon < 0 ? "" : line[(colon + 1)..];
            if (value.StartsWith(' '))
                value = value[1..];
            if (field == "event")
                name = value;
            else if (field == "data")
                (data ??= []).Add(value);
            else
                Assert.Contains(field, new[] { "", "id", "retry" });
        }
        Assert.True(data is null, $"Half an event was sent: {string.Join('\n', data ?? [])}");
        return frames;
    }
}
