using System.Text;

namespace Milliways.Tests.Support;

/// <summary>Searches the bytes of everything that a server keeps, while it runs.</summary>
internal static class StoredFiles
{
    /// <summary>The names of the files below a directory that hold a text.</summary>
    public static async Task<List<string>> WithAsync(string directory, string text)
    {
        var found = new List<string>();
        foreach (var file in Directory.GetFiles(directory, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) is not ("lock" or "admin.sock")))
            if ((await FileBytes.ReadAsync(file)).AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0)
                found.Add(Path.GetFileName(file));
        return found;
    }
}
