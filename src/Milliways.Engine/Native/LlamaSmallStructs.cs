using System.Runtime.InteropServices;

namespace Milliways.Engine.Native;

/// <summary>What is added to one token's logit. 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaLogitBias
{
    public int Token;
    public float Bias;
}

/// <summary>A role and a content as NUL-terminated UTF-8. 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaChatMessage
{
    public byte* Role;
    public byte* Content;
}

/// <summary>One byte: whether the chain counts its own time.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaSamplerChainParams
{
    public bool NoPerformanceCounters;
}
