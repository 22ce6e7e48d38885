using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

/// <summary>A loaded model file. Freed when the last context on it is gone.</summary>
internal sealed class ModelHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LlamaNative.llama_model_free(handle);
        return true;
    }
}
