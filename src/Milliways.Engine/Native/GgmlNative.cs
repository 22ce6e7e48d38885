using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

/// <summary>
/// The C functions of libggml and libggml-base. What belongs to the CPU back end is only reachable by name, through its registration.
/// </summary>
internal static unsafe partial class GgmlNative
{
    internal const string Ggml = "ggml";
    internal const string GgmlBase = "ggml-base";

    [LibraryImport(Ggml, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void ggml_backend_load_all_from_path(string directory);

    [LibraryImport(Ggml)] internal static partial nuint ggml_backend_reg_count();
    [LibraryImport(Ggml)] internal static partial nint ggml_backend_reg_get(nuint index);

    [LibraryImport(GgmlBase)] internal static partial byte* ggml_backend_reg_name(nint registration);

    [LibraryImport(GgmlBase, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint ggml_backend_reg_get_proc_address(nint registration, string name);

    [LibraryImport(GgmlBase)] internal static partial GgmlThreadpoolParams ggml_threadpool_params_default(int threads);
}
