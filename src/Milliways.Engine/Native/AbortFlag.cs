using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

/// <summary>A native integer that llama.cpp looks at between the nodes of a step; raised, the step ends early with code 2.</summary>
internal sealed unsafe class AbortFlag : SafeHandle
{
    internal AbortFlag()
        : base(0, ownsHandle: true) => SetHandle((nint)NativeMemory.AllocZeroed(sizeof(int)));

    public override bool IsInvalid => handle == 0;

    internal void* State => (void*)handle;
    internal static delegate* unmanaged[Cdecl]<void*, byte> Callback => &IsRaised;

    internal void Raise() => Volatile.Write(ref *(int*)handle, 1);
    internal void Lower() => Volatile.Write(ref *(int*)handle, 0);

    protected override bool ReleaseHandle()
    {
        NativeMemory.Free((void*)handle);
        return true;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte IsRaised(void* state) => (byte)Volatile.Read(ref *(int*)state);
}
