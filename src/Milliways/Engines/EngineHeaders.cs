namespace Milliways.Engines;

/// <summary>What a server tells its engine beside the body.</summary>
internal static class EngineHeaders
{
    /// <summary><c>xai</c> or <c>openai</c>: the engine writes the caller's flavour itself, so that its bytes need no rewriting.</summary>
    public const string Flavour = "x-milliways-flavour";

    /// <summary><c>true</c>: write the matched stop text too, for a caller whose dialect tells it.</summary>
    public const string TellStop = "x-milliways-tell-stop";

    /// <summary>Who asks: when requests wait, everybody's turn comes round alike.</summary>
    public const string Fairness = "x-milliways-fairness";
}
