namespace Milliways.Engine;

/// <summary>
/// The engine cannot do what it was set up for: libraries, a model file or memory are missing. The message is one sentence for the operator.
/// </summary>
public sealed class EngineException : Exception
{
    public EngineException()
    {
    }

    public EngineException(string message)
        : base(message)
    {
    }

    public EngineException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
