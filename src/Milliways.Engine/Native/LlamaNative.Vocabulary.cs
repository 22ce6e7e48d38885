using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

/// <summary>The vocabulary belongs to its model and is safe on any thread. A token outside it aborts the process.</summary>
internal static unsafe partial class LlamaNative
{
    [LibraryImport(Library)] internal static partial int llama_vocab_n_tokens(nint vocabulary);
    [LibraryImport(Library)] internal static partial int llama_vocab_bos(nint vocabulary);
    [LibraryImport(Library)] internal static partial byte* llama_vocab_get_text(nint vocabulary, int token);
    [LibraryImport(Library)] internal static partial int llama_vocab_get_attr(nint vocabulary, int token);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_vocab_is_eog(nint vocabulary, int token);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_vocab_get_add_bos(nint vocabulary);

    /// <summary>The number of tokens; when <paramref name="capacity"/> is too small, minus the number needed.</summary>
    [LibraryImport(Library)]
    internal static partial int llama_tokenize(
        nint vocabulary, byte* text, int length, int* tokens, int capacity,
        [MarshalAs(UnmanagedType.U1)] bool addSpecial, [MarshalAs(UnmanagedType.U1)] bool parseSpecial);

    /// <summary>The number of bytes; when <paramref name="capacity"/> is too small, minus the number needed.</summary>
    [LibraryImport(Library)]
    internal static partial int llama_token_to_piece(
        nint vocabulary, int token, byte* buffer, int capacity, int leftStrip, [MarshalAs(UnmanagedType.U1)] bool special);
}
