using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

/// <summary>
/// A context on a model. It holds references on the model and on its compute threads, so neither can go away under it. One thread at a time.
/// </summary>
internal sealed class ContextHandle : SafeHandle
{
    private readonly ModelHandle _model;
    private readonly ThreadpoolHandle _threads;

    private ContextHandle(nint context, ModelHandle model, ThreadpoolHandle threads)
        : base(0, ownsHandle: true)
    {
        _model = model;
        _threads = threads;
        SetHandle(context);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Makes a context and attaches the compute threads.</summary>
    /// <exception cref="EngineException">llama.cpp refused, most likely for want of memory.</exception>
    internal static ContextHandle Create(ModelHandle model, in LlamaContextParams parameters, ThreadpoolHandle threads)
    {
        using var errors = LlamaLog.CollectErrors();
        var context = LlamaNative.llama_init_from_model(model, parameters);
        if (context == 0)
            throw new EngineException($"llama.cpp could not make a context of {parameters.ContextTokens} tokens: {errors.TextOr("out of memory?")}");

        var held = false;
        model.DangerousAddRef(ref held);
        threads.DangerousAddRef(ref held);
        var handle = new ContextHandle(context, model, threads);
        LlamaNative.llama_attach_threadpool(handle, threads, threads);
        return handle;
    }

    protected override bool ReleaseHandle()
    {
        LlamaNative.llama_free(handle);
        _threads.DangerousRelease();
        _model.DangerousRelease();
        return true;
    }
}
