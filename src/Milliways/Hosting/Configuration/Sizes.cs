using System.Globalization;

namespace Milliways.Hosting.Configuration;

/// <summary>Sizes as the configuration writes them: a number and one of KiB, MiB, GiB, TiB.</summary>
internal static class Sizes
{
    /// <param name="text">Such as <c>10GiB</c> or <c>1.5TiB</c>.</param>
    /// <param name="bytes">At most 2^53.</param>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var digits = text.AsSpan().IndexOfAnyExcept("0123456789.");
        if (digits <= 0 || !double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return false;
        var shift = text.AsSpan(digits) switch { "KiB" => 10, "MiB" => 20, "GiB" => 30, "TiB" => 40, _ => 0 };
        var size = number * (1L << shift);
        if (shift == 0 || size > 1L << 53)
            return false;
        bytes = (long)size;
        return true;
    }
}
