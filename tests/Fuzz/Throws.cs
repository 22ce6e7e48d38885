namespace Milliways.Fuzz;

/// <summary>Numbers from a seed, the same on every machine and in every version of the runtime (SplitMix64).</summary>
internal sealed class Throws(ulong seed)
{
    private ulong _state = seed;

    public static ulong Mix(ulong seed, ulong number) => new Throws(seed ^ (number * 0x9E3779B97F4A7C15)).Next();

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>From 0 up to but not with <paramref name="count"/>.</summary>
    public int Upto(int count) => count <= 0 ? 0 : (int)(Next() % (ulong)count);

    public T One<T>(IReadOnlyList<T> items) => items[Upto(items.Count)];
}
