namespace Milliways.EndToEnd.Support.Scripted;

/// <summary>A picture of one dot.</summary>
internal static class Picture
{
    public const string Base64 = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    public static byte[] Png { get; } = Convert.FromBase64String(Base64);
}
