namespace Milliways.Simulation;

/// <summary>What a run had in it, so that nobody takes an empty one for a good one.</summary>
internal sealed class SimulationTotals
{
    public long Charges { get; set; }

    public long Crashes { get; set; }

    public long Faults { get; set; }

    public long Recoveries { get; set; }

    /// <summary>Times that what a server had was taken back.</summary>
    public long Reclaimed { get; set; }

    /// <summary>Charges that their teams could not pay in full any more.</summary>
    public long Late { get; set; }

    /// <summary>Requests that limits let in.</summary>
    public long Admitted { get; set; }
}
