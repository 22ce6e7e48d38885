using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Milliways.Engine.Native;

/// <summary>Loads a GGUF file and reads what it says about itself.</summary>
internal static unsafe class ModelFile
{
    private const int GpuLayersAll = -1;

    /// <param name="path">A GGUF file.</param>
    /// <param name="gpuLayers">How many layers go to a GPU, where the libraries have a back end for one; null for all that fit.</param>
    /// <param name="progress">Told 0 to 1 while the file loads, on the calling thread.</param>
    /// <exception cref="EngineException">The file is missing, is no GGUF file, or llama.cpp cannot load it.</exception>
    internal static ModelHandle Load(string path, int? gpuLayers, IProgress<float>? progress)
    {
        RequireGguf(path);
        var parameters = LlamaNative.llama_model_default_params();
        parameters.GpuLayers = gpuLayers ?? GpuLayersAll;
        var state = GCHandle.Alloc(progress);
        using var errors = LlamaLog.CollectErrors();
        try
        {
            parameters.ProgressCallback = &Report;
            parameters.ProgressState = (void*)GCHandle.ToIntPtr(state);
            var model = LlamaNative.llama_model_load_from_file(path, parameters);
            if (!model.IsInvalid)
                return model;
            model.Dispose();
            throw new EngineException(
                $"{path} could not be loaded as a model; the file is damaged or incomplete, download it again: {errors.TextOr("llama.cpp gave no reason")}");
        }
        finally
        {
            state.Free();
        }
    }

    /// <summary>A value of the file's metadata as text, or null.</summary>
    internal static string? Metadata(ModelHandle model, string key)
    {
        var length = LlamaNative.llama_model_meta_val_str(model, key, null, 0);
        if (length < 0)
            return null;
        var buffer = new byte[length + 1];
        fixed (byte* start = buffer)
            _ = LlamaNative.llama_model_meta_val_str(model, key, start, (nuint)buffer.Length);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    /// <summary>llama.cpp's one line about a model: architecture, size class and quantisation.</summary>
    internal static string Description(ModelHandle model)
    {
        var buffer = new byte[256];
        int length;
        fixed (byte* start = buffer)
            length = LlamaNative.llama_model_desc(model, start, (nuint)buffer.Length);
        return Encoding.UTF8.GetString(buffer, 0, Math.Clamp(length, 0, buffer.Length - 1));
    }

    /// <summary>The file's own chat template, or null.</summary>
    internal static string? ChatTemplate(ModelHandle model) => Marshal.PtrToStringUTF8((nint)LlamaNative.llama_model_chat_template(model, null));

    /// <summary>
    /// Whether it is a decoder: each token sees only those before it. Encoders such as bert name themselves only by their attention.
    /// </summary>
    internal static bool Generates(ModelHandle model) =>
        LlamaNative.llama_model_has_decoder(model) && !LlamaNative.llama_model_has_encoder(model)
        && Metadata(model, $"{Metadata(model, "general.architecture")}.attention.causal") != "false";

    internal static ModelFacts Facts(ModelHandle model, string path, int contextTokens, int vocabularySize) => new()
    {
        Name = Metadata(model, "general.name") ?? Path.GetFileNameWithoutExtension(path),
        Description = Description(model),
        Architecture = Metadata(model, "general.architecture") ?? "unknown",
        Parameters = (long)LlamaNative.llama_model_n_params(model),
        SizeBytes = (long)LlamaNative.llama_model_size(model),
        TrainedContextTokens = LlamaNative.llama_model_n_ctx_train(model),
        ContextTokens = contextTokens,
        VocabularySize = vocabularySize,
        EmbeddingLength = LlamaNative.llama_model_n_embd(model),
    };

    // A better sentence than llama.cpp's for the two commonest mistakes.
    private static void RequireGguf(string path)
    {
        if (!File.Exists(path))
            throw new EngineException($"the model file {path} does not exist");
        Span<byte> magic = stackalloc byte[4];
        try
        {
            using var file = File.OpenHandle(path);
            if (RandomAccess.Read(file, magic, 0) == 4 && magic.SequenceEqual("GGUF"u8))
                return;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"the model file {path} cannot be read: {failure.Message}", failure);
        }
        throw new EngineException($"{path} is not a GGUF file: it does not begin with the letters GGUF");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte Report(float progress, void* state)
    {
        try
        {
            (GCHandle.FromIntPtr((nint)state).Target as IProgress<float>)?.Report(progress);
        }
#pragma warning disable CA1031 // An exception that crosses into C ends the process.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
        return 1; // go on
    }
}
