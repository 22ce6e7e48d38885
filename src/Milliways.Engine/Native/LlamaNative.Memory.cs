using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

/// <summary>The key/value cache. Positions run from p0 (included) to p1 (excluded); -1 means from the start or to the end.</summary>
internal static unsafe partial class LlamaNative
{
    [LibraryImport(Library)] internal static partial nint llama_get_memory(ContextHandle context);

    [LibraryImport(Library)] internal static partial void llama_memory_clear(nint memory, [MarshalAs(UnmanagedType.U1)] bool data);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_memory_seq_rm(nint memory, int sequence, int p0, int p1);

    [LibraryImport(Library)] internal static partial void llama_memory_seq_cp(nint memory, int source, int target, int p0, int p1);
    [LibraryImport(Library)] internal static partial int llama_memory_seq_pos_max(nint memory, int sequence);

    [LibraryImport(Library)] internal static partial nuint llama_state_seq_get_size(ContextHandle context, int sequence);
    [LibraryImport(Library)] internal static partial nuint llama_state_seq_get_data(ContextHandle context, byte* target, nuint size, int sequence);
    [LibraryImport(Library)] internal static partial nuint llama_state_seq_set_data(ContextHandle context, byte* source, nuint size, int sequence);
}
