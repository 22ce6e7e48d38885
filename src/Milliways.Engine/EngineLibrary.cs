using System.Runtime.InteropServices;
using Milliways.Engine.Native;

namespace Milliways.Engine;

/// <summary>llama.cpp, loaded and checked. One per process, and it stays until the process ends.</summary>
public sealed class EngineLibrary
{
    private static readonly Lock Loading = new();
    private static EngineLibrary? _loaded;

    private EngineLibrary(string directory, string version, string systemInfo)
    {
        Directory = directory;
        Version = version;
        SystemInfo = systemInfo;
    }

    /// <summary>The folder the libraries came from.</summary>
    public string Directory { get; }

    /// <summary>What llama.cpp calls itself, such as "0.5.0-dev".</summary>
    public string Version { get; }

    /// <summary>The processor features llama.cpp uses, as one line.</summary>
    public string SystemInfo { get; }

    /// <summary>
    /// Loads the libraries from <paramref name="directory"/>, or, when null, from natives/ beside the program. A second call answers the first
    /// one's result and only changes the log.
    /// </summary>
    /// <exception cref="EngineException">They are not there, cannot be loaded, or are not the pinned release.</exception>
    public static EngineLibrary Load(string? directory = null, ILlamaLog? log = null)
    {
        lock (Loading)
        {
            LlamaLog.Sink = log;
            return _loaded ??= LoadOnce(directory);
        }
    }

    // The order is llama.cpp's: the log first, then the back ends from their folder, then the start.
    private static unsafe EngineLibrary LoadOnce(string? directory)
    {
        var folder = NativeLibraries.Load(directory);
        var version = Marshal.PtrToStringUTF8((nint)LlamaNative.llama_version()) ?? "";
        NativeAbi.Verify(version);
        LlamaLog.Install();
        GgmlNative.ggml_backend_load_all_from_path(folder);
        LlamaNative.llama_backend_init();
        return new EngineLibrary(folder, version, Marshal.PtrToStringUTF8((nint)LlamaNative.llama_print_system_info()) ?? "");
    }
}
