using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Milliways.Fuzz;

/// <summary>Runs cases; each is made from the seed and its number alone, so that any can be run again.</summary>
internal sealed class Fuzzer(ulong seed)
{
    /// <summary>An input that takes longer hangs.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(10);

    private readonly Corpus _corpus = new();

    /// <summary>Runs one case; null when all holds, else what does not.</summary>
    public string? Run(long number)
    {
        var throws = new Throws(Throws.Mix(seed, (ulong)number));
        var target = throws.One(Targets.All);
        var input = target.Make(_corpus, throws);
        var (allocated, began) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
        try
        {
            target.Check(input, throws);
        }
        catch (Exception broken)
        {
            return Describe(number, target, input, broken is ClaimException ? broken.Message : broken.ToString());
        }
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        if (Stopwatch.GetElapsedTime(began) > Hang)
            return Describe(number, target, input, "it takes too long");
        // Readers may use a few hundred bytes for each byte, for tables and events, but not the square of it.
        return allocated > (64 << 20) + 8000L * input.Length
            ? Describe(number, target, input, string.Create(CultureInfo.InvariantCulture, $"{allocated} bytes were allocated for {input.Length}")) : null;
    }

    private string Describe(long number, Target target, byte[] input, string what) => string.Create(CultureInfo.InvariantCulture,
        $"{target.Name}: {what}\n  again: ./fuzz --seed {seed} --case {number}\n  input ({input.Length} bytes): {Encoding.UTF8.GetString(input.AsSpan(0, Math.Min(input.Length, 3000)))}");
}
