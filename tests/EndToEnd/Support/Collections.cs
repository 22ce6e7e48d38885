namespace Milliways.EndToEnd.Support;

/// <summary>Tests that kill, stop and time engines: they run after the others and one at a time, so that nobody's load decides them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
