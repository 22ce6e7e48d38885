using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Milliways.Routing.Order;

/// <summary>Numbers that look random and follow from a seed, so that tests can repeat a choice. Safe from several threads; not for secrets.</summary>
internal sealed class Lots(ulong seed)
{
    /// <summary>The step of SplitMix64 (Steele, Lea, Flood 2014): the golden ratio in 64 bits.</summary>
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state = seed;

    /// <summary>A source nobody can foretell, for a server.</summary>
    public static Lots FromChance() => new(BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8)));

    public ulong Next() => Mix(Interlocked.Add(ref _state, Step));

    /// <summary>From 0 to 1, both excluded: a logarithm can be taken of it.</summary>
    public double NextFraction() => Fraction(Next());

    public static double Fraction(ulong lot) => ((lot >> 11) + 0.5) / (1UL << 53);

    /// <summary>Every bit of the result depends on every bit given.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
