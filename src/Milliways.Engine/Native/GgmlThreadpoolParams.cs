using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

/// <summary>How a pool of compute threads is made. 528 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GgmlThreadpoolParams
{
    public CpuMask Mask;
    public int Threads;
    public int Priority;
    public uint Poll;
    public bool StrictAffinity;
    public bool Paused;

    /// <summary>One byte a logical processor; all zero means any.</summary>
    [InlineArray(512)]
    internal struct CpuMask
    {
        private byte _first;
    }
}
