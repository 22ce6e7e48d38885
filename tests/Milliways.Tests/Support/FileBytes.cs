using System.Diagnostics;

namespace Milliways.Tests.Support;

/// <summary>Reads files that the server keeps for itself: the runtime's own streams respect its locks, other programs do not.</summary>
internal static class FileBytes
{
    public static async Task<byte[]> ReadAsync(string file)
    {
        using var cat = Process.Start(new ProcessStartInfo("cat", [file]) { RedirectStandardOutput = true })!;
        using var bytes = new MemoryStream();
        await cat.StandardOutput.BaseStream.CopyToAsync(bytes);
        await cat.WaitForExitAsync();
        Assert.Equal(0, cat.ExitCode);
        return bytes.ToArray();
    }
}
