using System.Diagnostics;
using System.Text.Json;
using Milliways.Bench.Engine;
using Milliways.Engine;
using Milliways.Engine.Native;
using Milliways.Engine.Scheduling;

var options = BenchOptions.Parse(args);
var started = Stopwatch.GetTimestamp();
var library = EngineLibrary.Load();
var libraries = Stopwatch.GetElapsedTime(started);
started = Stopwatch.GetTimestamp();
await using var model = LanguageModel.Load(library, new LanguageModelOptions { Path = options.Model, Threads = options.Threads });
var load = Stopwatch.GetElapsedTime(started);
var idle = ResidentMegabytes();

using var handle = ModelFile.Load(options.Model, null, null);
var sampling = options.Sampler switch
{
    "penalty" => new SamplingOptions { Temperature = 0, RepeatPenalty = 1.05f },
    "model" => new SamplingOptions { Seed = 1 },
    _ => new SamplingOptions { Temperature = 0, RepeatPenalty = 1 },
};
var bare = new BareLoop(handle, options, ResolvedSampling.From(sampling, ModelProfile.SmolLm2.Sampling), model.Facts.VocabularySize);
// A prompt whose greedy answer runs on, so that no sequence ends before its limit.
var prompt = model.Raw(string.Join(' ', Enumerable.Repeat("one two three four five six seven eight", 1 + (options.PromptTokens / 8))));

Console.Error.WriteLine($"{model.Facts.Description}, llama.cpp {library.Version}, {options.Threads} thread(s), {options.Sampler}, prompt {prompt.Count}, {options.Tokens} tokens, median of {options.Rounds}");
Console.Error.WriteLine($"libraries {libraries.TotalMilliseconds:F0} ms, model {load.TotalMilliseconds:F0} ms, resident at idle {idle:F0} MB");
Console.Error.WriteLine("sequences   bare tokens/s   scheduled tokens/s   ratio");
var results = new List<(int Sequences, double Bare, double Scheduled)>();
foreach (var sequences in options.Sequences)
{
    var (bares, scheduleds) = (new List<double>(), new List<double>());
    for (var round = 0; round < options.Rounds; round++)
    {
        // In turns, so that a noisy minute hits both.
        bares.Add(bare.Run(sequences, prompt.Tokens.ToArray()));
        scheduleds.Add(await ScheduledLoop.RunAsync(model, options, sampling, sequences, prompt));
    }
    results.Add((sequences, Median(bares), Median(scheduleds)));
    Console.Error.WriteLine($"{sequences,9}   {results[^1].Bare,13:F1}   {results[^1].Scheduled,18:F1}   {results[^1].Scheduled / results[^1].Bare,5:F3}");
}
Console.Error.WriteLine($"resident at the end {ResidentMegabytes():F0} MB");

using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
json.WriteStartObject();
json.WriteString("llama", library.Version);
json.WriteString("model", model.Facts.Description);
json.WriteNumber("threads", options.Threads);
json.WriteString("sampler", options.Sampler);
json.WriteNumber("promptTokens", prompt.Count);
json.WriteNumber("tokens", options.Tokens);
json.WriteNumber("rounds", options.Rounds);
json.WriteNumber("loadMilliseconds", Math.Round(load.TotalMilliseconds));
json.WriteNumber("idleResidentMegabytes", Math.Round(idle));
json.WriteStartArray("results");
foreach (var (sequences, bareRate, scheduledRate) in results)
{
    json.WriteStartObject();
    json.WriteNumber("sequences", sequences);
    json.WriteNumber("bareTokensPerSecond", Math.Round(bareRate, 1));
    json.WriteNumber("scheduledTokensPerSecond", Math.Round(scheduledRate, 1));
    json.WriteEndObject();
}
json.WriteEndArray();
json.WriteEndObject();

static double Median(List<double> values)
{
    values.Sort();
    return values.Count % 2 == 1 ? values[values.Count / 2] : (values[(values.Count / 2) - 1] + values[values.Count / 2]) / 2;
}

static double ResidentMegabytes()
{
    using var process = Process.GetCurrentProcess();
    return process.WorkingSet64 / 1048576.0;
}
