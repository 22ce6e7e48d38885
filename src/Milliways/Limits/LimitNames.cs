namespace Milliways.Limits;

/// <summary>The limits' names in the configuration.</summary>
internal static class LimitNames
{
    public const string RequestsPerSecond = "requestsPerSecond";
    public const string RequestsPerMinute = "requestsPerMinute";
    public const string RequestsPerHour = "requestsPerHour";
    public const string TokensPerMinute = "tokensPerMinute";
    public const string Concurrent = "concurrent";
}
