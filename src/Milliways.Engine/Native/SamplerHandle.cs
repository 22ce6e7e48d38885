using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

/// <summary>A chain of samplers with the state of one sequence: its random numbers and the tokens its penalties look at.</summary>
internal sealed class SamplerHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LlamaNative.llama_sampler_free(handle);
        return true;
    }
}
