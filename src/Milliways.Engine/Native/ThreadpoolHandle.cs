using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

/// <summary>ggml's compute threads. Without an attached pool each step would start and end its own.</summary>
internal sealed unsafe class ThreadpoolHandle : SafeHandle
{
    private readonly delegate* unmanaged[Cdecl]<nint, void> _free;

    private ThreadpoolHandle(nint pool, delegate* unmanaged[Cdecl]<nint, void> free)
        : base(0, ownsHandle: true)
    {
        _free = free;
        SetHandle(pool);
    }

    public override bool IsInvalid => handle == 0;

    /// <param name="threads">How many threads compute, the calling one included.</param>
    internal static ThreadpoolHandle Create(int threads)
    {
        var cpu = CpuRegistration();
        var create = (delegate* unmanaged[Cdecl]<GgmlThreadpoolParams*, nint>)
            GgmlNative.ggml_backend_reg_get_proc_address(cpu, "ggml_threadpool_new");
        var free = (delegate* unmanaged[Cdecl]<nint, void>)GgmlNative.ggml_backend_reg_get_proc_address(cpu, "ggml_threadpool_free");
        if (create == null || free == null)
            throw new EngineException("ggml's CPU back end offers no thread pool: the libraries are not the pinned ones");

        var parameters = GgmlNative.ggml_threadpool_params_default(threads);
        var pool = create(&parameters);
        return pool != 0 ? new ThreadpoolHandle(pool, free) : throw new EngineException($"ggml could not start {threads} compute threads");
    }

    protected override bool ReleaseHandle()
    {
        _free(handle);
        return true;
    }

    private static nint CpuRegistration()
    {
        for (nuint i = 0; i < GgmlNative.ggml_backend_reg_count(); i++)
        {
            var registration = GgmlNative.ggml_backend_reg_get(i);
            if (Marshal.PtrToStringUTF8((nint)GgmlNative.ggml_backend_reg_name(registration)) == "CPU")
                return registration;
        }
        throw new EngineException("ggml found no CPU back end: libggml-cpu-* is missing beside libllama, or none of them fits this processor");
    }
}
