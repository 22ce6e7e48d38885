namespace Milliways.Engine;

/// <summary>llama.cpp's own levels.</summary>
public enum LlamaLogLevel
{
    None = 0,
    Debug = 1,
    Info = 2,
    Warning = 3,
    Error = 4,
}

/// <summary>Takes llama.cpp's log lines. Called on any thread, also on the decode thread: it must be quick, and what it throws is dropped.</summary>
public interface ILlamaLog
{
    void Write(LlamaLogLevel level, string line);
}
