using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

/// <summary>The tokens of one decode call, as arrays side by side. 56 bytes, passed by value.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaBatch
{
    public int TokenCount;
    public int* Tokens;
    public float* Embeddings;
    public int* Positions;
    public int* SequenceIdCounts;
    public int** SequenceIds;
    public sbyte* Logits;
}
