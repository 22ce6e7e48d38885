namespace Milliways.Upstreams.Images;

/// <summary>What an image is, told by its first bytes: what a server says it is decides nothing.</summary>
internal static class ImageTypes
{
    public static string? Of(ReadOnlySpan<byte> image)
    {
        if (image.Length > 8 && image[0] == 0x89 && image[1..].StartsWith("PNG\r\n\x1a\n"u8))
            return "image/png";
        if (image.Length > 3 && image[0] == 0xFF && image[1] == 0xD8 && image[2] == 0xFF)
            return "image/jpeg";
        if (image.StartsWith("GIF87a"u8) || image.StartsWith("GIF89a"u8))
            return "image/gif";
        if (image.Length > 12 && image.StartsWith("RIFF"u8) && image[8..].StartsWith("WEBP"u8))
            return "image/webp";
        return image.Length > 12 && image[4..].StartsWith("ftyp"u8) ? Container(image[8..12]) : null;
    }

    /// <summary>False for a type that a server names and that cannot be an image; none, or plain bytes, may be one.</summary>
    public static bool MayBe(string? declared) =>
        declared is null or "application/octet-stream" or "binary/octet-stream" || declared.StartsWith("image/", StringComparison.OrdinalIgnoreCase);

    /// <summary>The brand of an ISO media file.</summary>
    private static string? Container(ReadOnlySpan<byte> brand)
    {
        if (brand.SequenceEqual("heic"u8) || brand.SequenceEqual("heix"u8))
            return "image/heic";
        return brand.SequenceEqual("mif1"u8) || brand.SequenceEqual("msf1"u8) || brand.SequenceEqual("heif"u8) ? "image/heif" : null;
    }
}
