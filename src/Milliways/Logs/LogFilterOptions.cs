using System.CommandLine;
using System.Globalization;
using Milliways.Hosting;
using Milliways.Hosting.Configuration;

namespace Milliways.Logs;

/// <summary>The options that choose entries; each is a filter, and <c>--where</c> has all the others.</summary>
internal sealed record LogFilterOptions(
    Option<string?> Team, Option<string?> Gateway, Option<string?> Key, Option<string?> Model, Option<string?> Provider, Option<int?> Status, Option<bool> Failed,
    Option<string?> Since, Option<string?> Until, Option<string?> Request, Option<string[]> Where)
{
    public IEnumerable<Symbol> All => [Team, Gateway, Key, Model, Provider, Status, Failed, Since, Until, Request, Where];

    public static Option<string?> TeamOption() =>
        new("--team") { Description = $"The team's id; the first team when nothing is said; {LogCommands.Nobody}: requests without a key that is known", HelpName = "TEAM" };

    public static LogFilterOptions Create() => new(
        TeamOption(),
        Text("--gateway", "Those that came through this gateway", "NAME"), Text("--key", "Those with this key", "ID"),
        Text("--model", "Those that this model answered, or that asked for it: provider/model, or a name", "MODEL"), Text("--provider", "Those that this provider answered", "SLUG"),
        new("--status") { Description = "Those with this HTTP status", HelpName = "CODE" }, new("--failed") { Description = "Those without a good answer" },
        Text("--since", "Those from this time on: 2025-03-01T12:00:00Z, or 1h for the last hour", "TIME"), Text("--until", "Those before this time", "TIME"),
        Text("--request", "Those of this x-request-id", "ID"),
        new("--where") { Description = $"KEY=OPERATOR:VALUE, with {string.Join(", ", LogFilter.Operators)}; KEY=VALUE is eq; several must all hold", HelpName = "FILTER", DefaultValueFactory = _ => [] });

    /// <exception cref="UserErrorException">An option says nothing that can be asked.</exception>
    public IReadOnlyList<FilterText> Read(ParseResult parsed, TimeProvider time)
    {
        var filters = new List<FilterText>();
        Add("gateway", "eq", parsed.GetValue(Gateway));
        Add("key", "eq", parsed.GetValue(Key) is { } key && Guid.TryParse(key, out var id) ? id.ToString("D") : parsed.GetValue(Key));
        if (parsed.GetValue(Model) is { } model)
            Add(model.Contains('/', StringComparison.Ordinal) ? "model" : "model_asked", "eq", model);
        Add("provider", "eq", parsed.GetValue(Provider));
        Add("status", "eq", parsed.GetValue(Status)?.ToString(CultureInfo.InvariantCulture));
        Add("success", "eq", parsed.GetValue(Failed) ? "false" : null);
        // The bound itself belongs to those since, and not to those until.
        Add("created_at", "gt", Time(parsed.GetValue(Since), time, "--since", -1));
        Add("created_at", "lt", Time(parsed.GetValue(Until), time, "--until", 0));
        Add("request_id", "eq", parsed.GetValue(Request));
        filters.AddRange((parsed.GetValue(Where) ?? []).Select(Split));
        return filters;

        void Add(string name, string compared, string? value)
        {
            if (value is not null)
                filters.Add(new FilterText(name, compared, [value]));
        }
    }

    /// <summary><c>cost=gt:0.1</c>; a text before the colon that is all letters is meant as an operator.</summary>
    internal static FilterText Split(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
            throw new UserErrorException($"--where {text}: write KEY=OPERATOR:VALUE, such as cost=gt:0.10.", ExitCode.Usage);
        var (key, value) = (text[..equals], text[(equals + 1)..]);
        var colon = value.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && value.AsSpan(0, colon).IndexOfAnyExceptInRange('a', 'z') < 0 ? new FilterText(key, value[..colon], [value[(colon + 1)..]]) : new FilterText(key, "eq", [value]);
    }

    private static string? Time(string? text, TimeProvider time, string option, int more)
    {
        if (text is null)
            return null;
        var at = Durations.TryParse(text, out var ago) ? time.GetUtcNow() - ago
            : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? moment
            : throw new UserErrorException($"{option} {text} is no time: write 2025-03-01T12:00:00Z, or 30m, 1h, 7d for so long ago.", ExitCode.Usage);
        return (at.ToUnixTimeMilliseconds() + more).ToString(CultureInfo.InvariantCulture);
    }

    private static Option<string?> Text(string name, string description, string help) => new(name) { Description = description, HelpName = help };
}
