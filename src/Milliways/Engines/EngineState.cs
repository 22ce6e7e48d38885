namespace Milliways.Engines;

internal enum EngineState
{
    /// <summary>Switched off, or it cannot run here; the detail says why and what to do.</summary>
    Off,

    Starting,

    Ready,
}
