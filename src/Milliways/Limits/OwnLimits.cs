using System.Runtime.CompilerServices;

namespace Milliways.Limits;

/// <summary>A team's, a key's or a gateway's own limits over the configuration's, put together once for each of them and each configuration.</summary>
internal sealed class OwnLimits
{
    private readonly ConditionalWeakTable<LimitSet, Merged> _merged = [];

    public LimitSet Over(LimitSet defaults, LimitSet own)
    {
        if (ReferenceEquals(own, LimitSet.None))
            return defaults;
        if (_merged.TryGetValue(own, out var known) && ReferenceEquals(known.Defaults, defaults))
            return known.Limits;
        var merged = new Merged(defaults, own.Over(defaults));
        _merged.AddOrUpdate(own, merged);
        return merged.Limits;
    }

    private sealed record Merged(LimitSet Defaults, LimitSet Limits);
}
