using System.CommandLine;
using System.Globalization;
using Milliways.Hosting;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary>The options that name limits, alike for keys and teams.</summary>
internal sealed class LimitOptions
{
    public const string PerSecond = "requests-per-second";
    public const string PerMinute = "requests-per-minute";
    public const string PerHour = "requests-per-hour";
    public const string Tokens = "tokens-per-minute";
    public const string Concurrent = "concurrent";

    private readonly Option<string?>[] _options;

    /// <param name="canTakeAway"><c>none</c> is a value too.</param>
    public LimitOptions(bool canTakeAway)
    {
        var what = new[] { "Requests in any second", "Requests in any minute", "Requests in any hour", "Tokens in any minute, prompt and answer together", "Requests at one time" };
        _options = [.. All.Zip(what, (name, text) => new Option<string?>("--" + name) { Description = canTakeAway ? $"{text}; none for no limit" : text, HelpName = "N" })];
    }

    public static IReadOnlyList<string> All { get; } = [PerSecond, PerMinute, PerHour, Tokens, Concurrent];

    public Symbol[] Symbols => _options;

    /// <summary>Those that were given; null stands for none.</summary>
    public Dictionary<string, long?> Given(ParseResult parsed)
    {
        var given = new Dictionary<string, long?>();
        foreach (var (name, option) in All.Zip(_options))
            if (parsed.GetValue(option) is { } text)
                given[name] = text == KeyWords.None ? null
                    : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && (name == Tokens || number <= int.MaxValue) ? number
                    : throw new UserErrorException($"--{name} \"{text}\" is no limit: write a whole number of at least 1.", ExitCode.Usage);
        return given;
    }

    public LimitFacts Facts(ParseResult parsed)
    {
        var given = Given(parsed);
        return new LimitFacts((int?)given.GetValueOrDefault(PerSecond), (int?)given.GetValueOrDefault(PerMinute), (int?)given.GetValueOrDefault(PerHour),
            given.GetValueOrDefault(Tokens), (int?)given.GetValueOrDefault(Concurrent));
    }
}
