using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

internal static unsafe partial class LlamaNative
{
    /// <summary>
    /// Renders with one of the built-in formats, recognised by <paramref name="template"/>'s text. The whole length in bytes, or -1 for an
    /// unknown template.
    /// </summary>
    [LibraryImport(Library)]
    internal static partial int llama_chat_apply_template(
        byte* template, LlamaChatMessage* messages, nuint count, [MarshalAs(UnmanagedType.U1)] bool openAnswer, byte* buffer, int capacity);
}
