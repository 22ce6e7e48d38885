namespace Milliways.Simulation;

/// <summary>What a simulation finds wrong ends its seed.</summary>
internal static class Claim
{
    /// <exception cref="InvalidOperationException">It does not hold.</exception>
    public static void Must(bool holds, string otherwise)
    {
        if (!holds)
            throw new InvalidOperationException(otherwise);
    }
}
