using System.Globalization;

namespace Milliways.Hosting.Configuration;

/// <summary>Durations as the configuration writes them: a number and one of ms, s, m, h, d.</summary>
internal static class Durations
{
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        var digits = text.AsSpan().IndexOfAnyExcept("0123456789.");
        if (digits <= 0 || !double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return false;
        TimeSpan? unit = text.AsSpan(digits) switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "s" => TimeSpan.FromSeconds(1),
            "m" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            "d" => TimeSpan.FromDays(1),
            _ => null,
        };
        if (unit is null || number * unit.Value.TotalDays > 36500)
            return false;
        duration = number * unit.Value;
        return true;
    }
}
