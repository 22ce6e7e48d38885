namespace Milliways.Engine;

/// <summary>How busy a language model is, at one moment.</summary>
/// <param name="Running">Requests being worked on.</param>
/// <param name="Queued">Requests waiting.</param>
/// <param name="BusySequences">Sequences in use, one for each choice of a running request.</param>
/// <param name="Sequences">Sequences there are.</param>
/// <param name="QueueLimit">Requests that may wait.</param>
/// <param name="PoolTokens">Tokens the key/value cache holds at its present size.</param>
/// <param name="ReservedTokens">Tokens of it that running requests may still fill.</param>
/// <param name="PromptTokens">Prompt tokens processed since the load.</param>
/// <param name="GeneratedTokens">Tokens generated since the load.</param>
/// <param name="Steps">Decode steps since the load.</param>
public readonly record struct EngineLoad(
    int Running, int Queued, int BusySequences, int Sequences, int QueueLimit,
    int PoolTokens, int ReservedTokens, long PromptTokens, long GeneratedTokens, long Steps);

/// <summary>A sign of life of the decode loop: without work it comes at least every second, with work after every step.</summary>
/// <param name="Timestamp">When, as the options' clock counts (<see cref="TimeProvider.GetTimestamp"/>).</param>
/// <param name="WorkPending">Whether there was work to do. An old timestamp with work pending is a hang, or a very long step.</param>
/// <param name="Steps">Decode steps since the load.</param>
public readonly record struct Heartbeat(long Timestamp, bool WorkPending, long Steps);
