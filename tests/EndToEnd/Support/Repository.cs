namespace Milliways.EndToEnd.Support;

/// <summary>Where things lie: the source tree, the built executable (of the same configuration as these tests), the npm clients.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary><c>release</c> or <c>debug</c>.</summary>
    public static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/', '\\')).Name;

    public static string ExecutableFolder { get; } = Path.Combine(Root, "artifacts", "bin", "Milliways", Configuration);

    public static string Executable { get; } = Path.Combine(ExecutableFolder, ExecutableName);

    public static string ExecutableName => OperatingSystem.IsWindows() ? "milliways.exe" : "milliways";

    public static string Clients { get; } = Path.Combine(Root, "tests", "EndToEnd", "clients");

    public static string SeedData { get; } = Path.Combine(Root, "tests", "Seeds", "data");

    public static string ChatModel { get; } = Path.Combine(Root, "models", "SmolLM2-135M-Instruct.Q4_1.gguf");

    public static string EmbeddingModel { get; } = Path.Combine(Root, "models", "all-MiniLM-L6-v2.Q8_0.gguf");

    /// <summary>The black-box acceptance kit, which lives beside the repository where it is there at all.</summary>
    public static string AcceptanceKit { get; } = Path.GetFullPath(Path.Combine(Root, "..", "shared", "accept", "run.sh"));

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "Milliways.slnx")))
                return at.FullName;
        throw new InvalidOperationException($"Milliways.slnx was not found above {AppContext.BaseDirectory}.");
    }
}
