namespace Milliways.Gateway.Sockets;

/// <summary>Bounds of WebSockets at gateway addresses (docs/gateway.md).</summary>
internal static class SocketBounds
{
    /// <summary>Bytes of one message of a client's.</summary>
    public const int MostMessageBytes = 8 << 20;

    /// <summary>Bytes of an answer that is sent in one message.</summary>
    public const int MostAnswerBytes = 32 << 20;

    /// <summary>Requests of one socket that run at the same time; while there are as many, nothing more is read.</summary>
    public const int MostRunning = 16;

    /// <summary>A socket on which nothing comes, nothing goes and nothing runs for so long is closed.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromMinutes(10);

    /// <summary>A socket for requests lasts so long at most.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    /// <summary>A realtime session lasts so long at most; no provider's own bound is longer.</summary>
    public static readonly TimeSpan LongestSession = TimeSpan.FromHours(2);

    /// <summary>How long the other side may take to answer a close, and what is being sent when a close comes.</summary>
    public static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(2);
}
