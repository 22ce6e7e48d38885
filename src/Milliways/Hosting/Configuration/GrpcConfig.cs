namespace Milliways.Hosting.Configuration;

/// <summary>The section <c>grpc</c>.</summary>
internal sealed record GrpcConfig
{
    /// <summary>What xAI's SDK takes and sends (xai-api 3.2).</summary>
    private const int UsualMessageBytes = 20 << 20;

    /// <summary>The most bytes of one message, decompressed: a caller's, and one of an answer to it.</summary>
    public int MaxMessageBytes { get; init; } = UsualMessageBytes;

    /// <summary>How many calls may run on one connection at a time; the web server's own default is 100, which clients with one connection wait at without a word.</summary>
    public int MaxStreamsPerConnection { get; init; } = 1000;

    /// <summary>Whole answers are compressed for callers that accept gzip.</summary>
    public bool Gzip { get; init; }

    /// <summary>Anybody may ask which services and messages there are.</summary>
    public bool Reflection { get; init; } = true;

    public static GrpcConfig Read(ConfigSection section)
    {
        var usual = new GrpcConfig();
        var config = new GrpcConfig
        {
            MaxMessageBytes = (int)(section.Size("maxMessageBytes", 1 << 10, 1 << 30) ?? usual.MaxMessageBytes),
            MaxStreamsPerConnection = section.Count("maxStreamsPerConnection", 1, 1_000_000) ?? usual.MaxStreamsPerConnection,
            Gzip = section.Flag("gzip") ?? usual.Gzip,
            Reflection = section.Flag("reflection") ?? usual.Reflection,
        };
        section.Done();
        return config;
    }
}
