using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

/// <summary>
/// The C functions of libllama, in C's words. Nothing here checks an argument: that is the callers' duty, because a wrong one aborts the
/// process.
/// </summary>
internal static unsafe partial class LlamaNative
{
    internal const string Library = "llama";

    [LibraryImport(Library)] internal static partial byte* llama_version();
    [LibraryImport(Library)] internal static partial void llama_backend_init();
    [LibraryImport(Library)] internal static partial void llama_log_set(delegate* unmanaged[Cdecl]<int, byte*, void*, void> log, void* state);
    [LibraryImport(Library)] internal static partial byte* llama_print_system_info();
}
