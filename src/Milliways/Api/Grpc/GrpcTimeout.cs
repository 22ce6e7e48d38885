using System.Globalization;

namespace Milliways.Api.Grpc;

/// <summary>The caller's deadline as it is sent: up to eight digits and a unit, counted from when the request comes.</summary>
internal static class GrpcTimeout
{
    /// <summary>False: the text is none.</summary>
    public static bool TryParse(string text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9 || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            return false;
        long? ticks = text[^1] switch
        {
            'H' => count * TimeSpan.TicksPerHour,
            'M' => count * TimeSpan.TicksPerMinute,
            'S' => count * TimeSpan.TicksPerSecond,
            'm' => count * TimeSpan.TicksPerMillisecond,
            'u' => count * TimeSpan.TicksPerMicrosecond,
            'n' => count / TimeSpan.NanosecondsPerTick,
            _ => null,
        };
        timeout = TimeSpan.FromTicks(ticks ?? 0);
        return ticks is not null;
    }
}
