using System.Globalization;

namespace Milliways.Engines;

/// <summary>Where the engine's process listens: a Unix socket in the data directory's run/, or in the temporary directory when that path is too long.</summary>
internal sealed class EngineSocket
{
    /// <summary>The bytes a socket's path may have on every system.</summary>
    private const int LongestPath = 100;

    /// <summary>Addresses on the socket; the host is a name only.</summary>
    public const string Origin = "http://engine";

    public static readonly Uri HealthUri = Upstreams.UpstreamAddress.Parse(Origin).At("/healthz");

    public EngineSocket(string runDirectory, int processId)
    {
        Path = System.IO.Path.Combine(runDirectory, "engine.sock");
        if (System.Text.Encoding.UTF8.GetByteCount(Path) > LongestPath)
            Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"milliways-engine-{processId}.sock"));
    }

    public string Path { get; }

    /// <summary>Removes what an earlier process left.</summary>
    public void Clear() => File.Delete(Path);
}
