using System.Security.Cryptography;
using System.Text;

namespace Milliways.Hosting.Admin;

/// <summary>
/// Where a server of a data directory takes commands: <c>run/admin.sock</c>. When that path is longer than a socket's may be, a folder of the same user in the
/// temporary directory, named after the data directory, so that both sides find it.
/// </summary>
internal static class AdminSocketPath
{
    private const int LongestPath = 100;

    public static string Of(string runDirectory)
    {
        var path = Path.Combine(runDirectory, "admin.sock");
        if (Encoding.UTF8.GetByteCount(path) <= LongestPath)
            return path;
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(runDirectory)))[..16];
        return Path.Combine(Path.GetTempPath(), $"milliways-{name}", "admin.sock");
    }

    /// <summary>Makes its folder, private, and removes what an earlier process left.</summary>
    public static void Prepare(string path)
    {
        DataDirectory.CreatePrivate(Path.GetDirectoryName(path)!);
        File.Delete(path);
    }

    /// <summary>A folder that others can write, or put there, is not trusted with keys.</summary>
    public static bool IsPrivate(string path) =>
        OperatingSystem.IsWindows() || (File.GetUnixFileMode(Path.GetDirectoryName(path)!) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) == 0;
}
