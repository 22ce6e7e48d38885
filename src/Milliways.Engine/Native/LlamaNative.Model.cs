using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

internal static unsafe partial class LlamaNative
{
    [LibraryImport(Library)] internal static partial LlamaModelParams llama_model_default_params();

    /// <summary>An invalid handle when the file is missing, truncated or no model; the log has the reason.</summary>
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial ModelHandle llama_model_load_from_file(string path, LlamaModelParams parameters);

    [LibraryImport(Library)] internal static partial void llama_model_free(nint model);
    [LibraryImport(Library)] internal static partial nint llama_model_get_vocab(ModelHandle model);
    [LibraryImport(Library)] internal static partial int llama_model_n_ctx_train(ModelHandle model);
    [LibraryImport(Library)] internal static partial int llama_model_n_embd(ModelHandle model);
    [LibraryImport(Library)] internal static partial int llama_model_n_layer(ModelHandle model);
    [LibraryImport(Library)] internal static partial ulong llama_model_size(ModelHandle model);
    [LibraryImport(Library)] internal static partial ulong llama_model_n_params(ModelHandle model);

    /// <summary>Writes at most <paramref name="size"/> bytes with the closing NUL; answers the whole length, or -1.</summary>
    [LibraryImport(Library)] internal static partial int llama_model_desc(ModelHandle model, byte* buffer, nuint size);

    /// <summary>As <see cref="llama_model_desc"/>, for one key of the file's metadata; -1 where there is none.</summary>
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int llama_model_meta_val_str(ModelHandle model, string key, byte* buffer, nuint size);

    /// <summary>The file's own chat template, or NULL. <paramref name="name"/> NULL is the default one.</summary>
    [LibraryImport(Library)] internal static partial byte* llama_model_chat_template(ModelHandle model, byte* name);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_model_has_encoder(ModelHandle model);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool llama_model_has_decoder(ModelHandle model);
}
