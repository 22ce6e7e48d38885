namespace Milliways.Engines;

/// <summary>What is told of a model that cannot be loaded, to whom.</summary>
internal static class ModelTrouble
{
    /// <summary>What stands before a command's error message.</summary>
    private const string Prefix = "milliways: ";

    /// <summary>A text for the operator without the directories in it: who calls an API has no business with them.</summary>
    /// <param name="text">What is wrong.</param>
    /// <param name="files">Files whose whole paths may stand in the text.</param>
    public static string ForCallers(string text, params ReadOnlySpan<string?> files)
    {
        foreach (var file in files)
            if (!string.IsNullOrEmpty(file) && Path.GetDirectoryName(Path.GetFullPath(file)) is { Length: > 1 } folder)
                text = text.Replace(folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal).Replace(folder, "its folder", StringComparison.Ordinal);
        var own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        return text.Replace(own + Path.DirectorySeparatorChar, "", StringComparison.Ordinal).Replace(own, "the program's folder", StringComparison.Ordinal);
    }

    /// <summary>The message of a command that failed, without the name of the command before it.</summary>
    public static string WithoutPrefix(string line) => line.StartsWith(Prefix, StringComparison.Ordinal) ? line[Prefix.Length..] : line;

    /// <summary>One line: the child's messages travel as lines.</summary>
    public static string OneLine(string text) => string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
