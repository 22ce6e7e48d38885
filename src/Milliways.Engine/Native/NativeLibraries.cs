using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

/// <summary>Finds llama.cpp's libraries and answers the imports with them. File names carry the release, so they are matched, not spelt.</summary>
internal static class NativeLibraries
{
    private static readonly Dictionary<string, nint> Loaded = new(StringComparer.Ordinal);
    private static bool _resolving;

    /// <summary>The folder of this platform's libraries under natives/, or null where llama.cpp is not prebuilt.</summary>
    internal static string? PlatformFolder { get; } = (OperatingSystemName(), RuntimeInformation.ProcessArchitecture) switch
    {
        ("linux", Architecture.X64) => "linux-x64",
        ("linux", Architecture.Arm64) => "linux-arm64",
        ("win", Architecture.X64) => "win-x64",
        ("win", Architecture.Arm64) => "win-arm64",
        ("mac", Architecture.Arm64) => "mac-arm64-metal",
        ("mac", Architecture.X64) => "mac-x64",
        _ => null,
    };

    /// <summary>Loads the three libraries from the first folder that has them, and answers that folder.</summary>
    /// <exception cref="EngineException">None has them, with the folders looked into; or one cannot be loaded, with the system's reason.</exception>
    internal static string Load(string? directory)
    {
        var folders = directory is not null ? [Path.GetFullPath(directory)] : DefaultFolders();
        var folder = Array.Find(folders, f => FindFile(f, LlamaNative.Library) is not null)
            ?? throw new EngineException(NotFound(folders));

        // Each needs the one before it; Windows finds a needed library only if it is loaded already.
        foreach (var name in (ReadOnlySpan<string>)[GgmlNative.GgmlBase, GgmlNative.Ggml, LlamaNative.Library])
            Loaded[name] = LoadFile(folder, name);
        // The runtime takes one resolver an assembly; a second attempt, after a failed check, finds it set.
        if (!_resolving)
            NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, static (name, _, _) => Loaded.GetValueOrDefault(name));
        _resolving = true;
        return folder;
    }

    private static string[] DefaultFolders() => PlatformFolder is null
        ? [AppContext.BaseDirectory]
        : [Path.Combine(AppContext.BaseDirectory, "natives", PlatformFolder), AppContext.BaseDirectory];

    private static nint LoadFile(string folder, string name)
    {
        var file = FindFile(folder, name)
            ?? throw new EngineException($"{folder} has llama.cpp's libllama but no {name} library; build again after 'npm ci'");
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (Exception failure) when (failure is DllNotFoundException or BadImageFormatException)
        {
            throw new EngineException(
                $"{file} cannot be loaded (it needs glibc 2.34 or later on Linux; musl is not supported): {failure.Message}", failure);
        }
    }

    // The dot after the name keeps "llama" from matching llama-common, and "ggml" from matching ggml-base.
    private static string? FindFile(string folder, string name)
    {
        if (!Directory.Exists(folder))
            return null;
        var prefix = OperatingSystem.IsWindows() ? name + "." : $"lib{name}.";
        var extension = OperatingSystem.IsWindows() ? ".dll" : OperatingSystem.IsMacOS() ? ".dylib" : ".so";
        return Directory.EnumerateFiles(folder, $"{prefix}*")
            .FirstOrDefault(file => file.EndsWith(extension, StringComparison.OrdinalIgnoreCase)
                || file.Contains(extension + ".", StringComparison.Ordinal));
    }

    private static string NotFound(string[] folders)
    {
        const string Supported = "linux-x64, linux-arm64 (glibc), win-x64, win-arm64, mac-arm64, mac-x64";
        var looked = string.Join(", ", folders);
        return PlatformFolder is null
            ? $"llama.cpp is not prebuilt for this platform ({RuntimeInformation.RuntimeIdentifier}); supported are {Supported}. Looked in {looked}"
            : $"llama.cpp's libraries were not found; looked in {looked}. Run 'npm ci --ignore-scripts' in src/Milliways.Engine/natives and "
                + $"build again (platforms: {Supported})";
    }

    private static string OperatingSystemName() =>
        OperatingSystem.IsLinux() ? "linux" : OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "mac" : "";
}
