namespace Milliways.Exchanges;

/// <summary>
/// Types of tools that run at the upstream (xai-api 1.3.3, 1.6.1; dialects 2.4): what they find becomes prompt that nobody here has seen, and their calls have a
/// price of their own.
/// </summary>
internal static class HostedTools
{
    public static bool Is(ReadOnlySpan<byte> type) =>
        type.IndexOf("search"u8) >= 0
        || type.StartsWith("mcp"u8) || type.StartsWith("code_interpreter"u8) || type.StartsWith("code_execution"u8) || type.StartsWith("image_generation"u8)
        || type.StartsWith("web_fetch"u8);
}
