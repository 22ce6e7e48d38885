namespace Milliways.Tests.Support;

/// <summary>The source tree that these tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at.FullName, "Milliways.slnx")))
            at = at.Parent ?? throw new InvalidOperationException("The tests run outside of the source tree.");
        return at.FullName;
    }
}
