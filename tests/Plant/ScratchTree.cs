using System.Diagnostics;

namespace Milliways.Plant;

/// <summary>
/// A copy of the tree below artifacts/, which takes the faults; the tree itself stays clean. It is kept, and only what differs is written, so that
/// the next run builds only what has changed.
/// </summary>
internal sealed class ScratchTree(string root)
{
    /// <summary>The environment variable that switches one fault on; only the copy knows it.</summary>
    public const string Variable = "MILLIWAYS_PLANTED";

    private const string Switch = $$"""
        namespace Milliways;

        public static class Planted
        {
            private static readonly string? On = System.Environment.GetEnvironmentVariable("{{Variable}}");

            public static bool Is(string name) => name == On;
        }

        """;

    private static readonly string[] NotCopied = [".git", "artifacts", "models", "node_modules", "bin", "obj"];

    private readonly string _copy = Path.Combine(root, "artifacts", "plant");

    /// <summary>Makes the copy equal to the tree, but for the planted files.</summary>
    public void Write(IReadOnlyDictionary<string, string> planted)
    {
        Mirror("", planted);
        Put("src/Milliways.Dialects/Planted.cs", Switch);
        Put("src/Milliways.Linux/Planted.cs", Switch.Replace("public static class", "internal static class", StringComparison.Ordinal)); // which knows none of the others
        var models = Path.Combine(_copy, "models");
        if (!Path.Exists(models))
            Directory.CreateSymbolicLink(models, Path.Combine("..", "..", "models"));
    }

    /// <summary>False, and what the compiler said, when it does not build.</summary>
    public bool Build(string project, out string log)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            "build", Path.Combine(_copy, "tests", project), "-c", "Release", "--disable-build-servers", "-v", "quiet", "-clp:NoSummary",
            // A fault need not be beautiful.
            "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false", "-p:GenerateDocumentationFile=false", "-p:WarningLevel=0",
        ])
        { RedirectStandardOutput = true, WorkingDirectory = _copy };
        using var build = Process.Start(start)!;
        log = build.StandardOutput.ReadToEnd();
        build.WaitForExit();
        return build.ExitCode == 0;
    }

    /// <summary>A built test project's program.</summary>
    public string Program(string project) => Path.Combine(_copy, "artifacts", "bin", project, "release", project);

    public string Report => Path.Combine(_copy, "artifacts", "report.xml");

    private void Mirror(string folder, IReadOnlyDictionary<string, string> planted)
    {
        var (from, to) = (Path.Combine(root, folder), Path.Combine(_copy, folder));
        Directory.CreateDirectory(to);
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in Directory.GetFiles(from).Select(file => Path.GetFileName(file)).Where(name => !NotCopied.Contains(name)))
        {
            kept.Add(file);
            var path = folder.Length == 0 ? file : folder + "/" + file;
            if (planted.TryGetValue(path, out var text))
                Put(path, text);
            else if (!IsSame(Path.Combine(from, file), Path.Combine(to, file)))
                File.Copy(Path.Combine(from, file), Path.Combine(to, file), overwrite: true);
        }
        foreach (var name in Directory.GetDirectories(from).Select(name => Path.GetFileName(name)).Where(name => !NotCopied.Contains(name)))
        {
            kept.Add(name);
            Mirror(folder.Length == 0 ? name : folder + "/" + name, planted);
        }
        foreach (var gone in Directory.GetFileSystemEntries(to).Where(entry => !kept.Contains(Path.GetFileName(entry)) && !NotCopied.Contains(Path.GetFileName(entry))))
            if (Directory.Exists(gone))
                Directory.Delete(gone, recursive: true);
            else if (Path.GetFileName(gone) != "Planted.cs")
                File.Delete(gone);
    }

    private void Put(string path, string text)
    {
        var file = Path.Combine(_copy, path);
        if (!File.Exists(file) || File.ReadAllText(file) != text)
            File.WriteAllText(file, text);
    }

    private static bool IsSame(string one, string other) =>
        File.Exists(other) && new FileInfo(one).Length == new FileInfo(other).Length && File.ReadAllBytes(one).AsSpan().SequenceEqual(File.ReadAllBytes(other));
}
