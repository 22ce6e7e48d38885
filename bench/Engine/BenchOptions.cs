using System.Globalization;

namespace Milliways.Bench.Engine;

/// <summary>
/// What is measured: --threads 1 --sequences 1,4,16 --tokens 64 --prompt 32 --rounds 5 --sampler greedy|penalty|model --model FILE.
/// </summary>
internal sealed record BenchOptions(string Model, int Threads, int[] Sequences, int Tokens, int PromptTokens, int Rounds, string Sampler)
{
    internal static BenchOptions Parse(string[] args)
    {
        return new BenchOptions(
            Value("model") ?? FindModel(),
            Number("threads", Environment.ProcessorCount <= 2 ? 1 : Math.Min(Environment.ProcessorCount / 2, 8)),
            [.. (Value("sequences") ?? "1,4,16").Split(',').Select(s => int.Parse(s, CultureInfo.InvariantCulture))],
            Number("tokens", 64),
            Number("prompt", 32),
            Number("rounds", 5),
            Value("sampler") ?? "greedy");

        string? Value(string name)
        {
            var at = Array.IndexOf(args, "--" + name);
            return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
        }

        int Number(string name, int otherwise) => Value(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
    }

    private static string FindModel()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "models", "SmolLM2-135M-Instruct.Q4_1.gguf");
            if (File.Exists(file))
                return file;
        }
        throw new FileNotFoundException("give a model with --model");
    }
}
