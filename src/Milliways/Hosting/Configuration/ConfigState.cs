namespace Milliways.Hosting.Configuration;

/// <summary>Which configuration is in effect, and what is wrong with a newer one that could not be taken.</summary>
internal sealed class ConfigState(MilliwaysConfig inEffect)
{
    private volatile MilliwaysConfig _inEffect = inEffect;
    private volatile IReadOnlyList<string> _problems = [];

    public MilliwaysConfig InEffect => _inEffect;

    /// <summary>Of the file as it is now; empty when it is in effect.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>How often another configuration has come into effect.</summary>
    public int Changes { get; private set; }

    public void Take(MilliwaysConfig config)
    {
        (_inEffect, _problems) = (config, []);
        Changes++;
    }

    public void Refuse(IReadOnlyList<string> problems) => _problems = problems;
}
