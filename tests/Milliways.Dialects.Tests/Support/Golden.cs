using System.Runtime.CompilerServices;

namespace Milliways.Dialects.Tests.Support;

/// <summary>Texts compared byte for byte with a file beside the tests. MILLIWAYS_WRITE_GOLDENS=1 writes them anew, for review in the diff.</summary>
public static class Golden
{
    public static void Check(string name, string text) => CheckFile(Path.Combine(Root, "Golden", name), text);

    /// <summary>A page of docs/ that is made by the tests.</summary>
    public static void CheckDoc(string name, string text) => CheckFile(Path.Combine(Root, "..", "..", "docs", name), text);

    private static void CheckFile(string path, string text)
    {
        if (Environment.GetEnvironmentVariable("MILLIWAYS_WRITE_GOLDENS") == "1") File.WriteAllText(path, text);
        Assert.True(File.Exists(path), "no golden file " + path);
        Assert.Equal(File.ReadAllText(path), text);
    }

    public static string Vector(string name) => Path.Combine(Root, "Vectors", name);

    private static string Root { get; } = Path.GetDirectoryName(Path.GetDirectoryName(Here()))!;

    private static string Here([CallerFilePath] string path = "") => path;
}
