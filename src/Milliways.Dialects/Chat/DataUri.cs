using System.Buffers;
using System.Buffers.Text;

namespace Milliways.Dialects.Chat;

/// <summary>A <c>data:</c> address as clients really write it (dialects 4.5, "Images"): odd case, extra parameters, no type, loose base64.</summary>
internal static class DataUri
{
    private static readonly SearchValues<char> Loose = SearchValues.Create("-_% \t\r\n");

    public static bool Is(string url) => url.AsSpan().TrimStart().StartsWith("data:", StringComparison.OrdinalIgnoreCase);

    /// <summary>False when it is not base64 or the base64 is broken.</summary>
    public static bool TryParse(string url, out string? mediaType, out string data)
    {
        mediaType = null;
        data = "";
        var text = url.AsSpan().Trim();
        var comma = text.IndexOf(',');
        if (comma < 0) return false;
        var head = text["data:".Length..comma];
        if (!head.Contains(";base64", StringComparison.OrdinalIgnoreCase)) return false;
        var semicolon = head.IndexOf(';');
        var type = head[..semicolon].Trim();
        if (Normalised(text[(comma + 1)..]) is not { } clean) return false;
        data = clean;
        mediaType = MediaType(type.IsEmpty ? Sniffed(clean) : type.ToString());
        return true;
    }

    /// <summary>Lower case, and the one wrong name that many clients use.</summary>
    public static string? MediaType(string? type) => type?.Trim().ToLowerInvariant() switch
    {
        "image/jpg" => "image/jpeg",
        var other => other,
    };

    /// <summary>The type of image data by its first bytes, or null.</summary>
    public static string? Sniffed(string base64) => base64 switch
    {
        _ when base64.StartsWith("iVBORw0KGgo", StringComparison.Ordinal) => "image/png",
        _ when base64.StartsWith("/9j/", StringComparison.Ordinal) => "image/jpeg",
        _ when base64.StartsWith("R0lGOD", StringComparison.Ordinal) => "image/gif",
        _ when base64.StartsWith("UklGR", StringComparison.Ordinal) => "image/webp",
        _ when base64.StartsWith("JVBERi", StringComparison.Ordinal) => "application/pdf",
        _ => null,
    };

    /// <summary>Plain padded base64, or null when it cannot be made one.</summary>
    public static string? Normalised(ReadOnlySpan<char> base64)
    {
        if (!base64.ContainsAny(Loose) && base64.Length % 4 == 0) return Base64.IsValid(base64) && base64.Length > 0 ? base64.ToString() : null;
        var text = Uri.UnescapeDataString(base64.ToString()).Replace('-', '+').Replace('_', '/');
        text = string.Concat(text.Where(letter => !char.IsWhiteSpace(letter))).TrimEnd('=');
        text = text.PadRight((text.Length + 3) / 4 * 4, '=');
        return text.Length > 0 && Base64.IsValid(text) ? text : null;
    }
}
