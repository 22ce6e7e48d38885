using System.Globalization;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Logs;

/// <summary>What can be asked of the log: authorization and the question stand here once, whoever asks.</summary>
/// <exception cref="CommandException">Of every method: what whoever asked can put right.</exception>
internal sealed class LogCommands(TeamCommands teams, LogReader reader, TimeProvider time)
{
    /// <summary>For the operator: the entries of requests without a key that is known.</summary>
    public const string Nobody = "none";

    /// <summary>The word that means the newest entry when it is followed from there.</summary>
    public const long FromNow = -1;

    /// <summary>Of entries that are younger another server may still be writing one with a lower number.</summary>
    private static readonly TimeSpan Unsettled = TimeSpan.FromSeconds(2);

    /// <summary>A page, the newest first.</summary>
    public async Task<LogPage> ListAsync(Actor actor, LogsOf request)
    {
        var team = TeamOf(actor, request.Team);
        var query = Read(team, request);
        var (entries, looked) = await AskAsync(() => reader.PageAsync(query with { Limit = query.Limit + 1 }));
        if (entries.Count <= query.Limit)
            return new LogPage(team, entries, looked?.ToString(), Incomplete: looked is not null);
        entries.RemoveAt(query.Limit);
        return new LogPage(team, entries, new LogCursor(entries[^1].CreatedAt.ToUnixTimeMilliseconds(), entries[^1].Id).ToString(), Incomplete: false);
    }

    /// <summary>What was written since a number, in the order in which it was; the answer has the number to ask with next.</summary>
    public async Task<LogNews> FollowAsync(Actor actor, LogsOf request)
    {
        var team = TeamOf(actor, request.Team);
        if (request.WrittenAfter is not { } after || after == FromNow)
            return new LogNews([], await AskAsync(reader.LastAsync));
        var entries = await AskAsync(() => reader.ListAsync(Read(team, request) with { WrittenAfter = after }));
        var settled = entries.Count == request.Limit ? entries[^1] : entries.LastOrDefault(entry => entry.CreatedAt.AddMilliseconds(entry.Duration) < time.GetUtcNow() - Unsettled);
        return new LogNews(entries, settled?.Seq ?? after);
    }

    /// <summary>One request's entries, by the id of one or of the request.</summary>
    public async Task<LogDetail> ShowAsync(Actor actor, LogRef request)
    {
        var team = TeamOf(actor, request.Team);
        var entries = await AskAsync(() => reader.FindAsync(team, request.Id));
        if (entries.Count == 0)
            throw new CommandException(CommandProblem.NotFound,
                $"The log has no entry {request.Id} of the team {(team.Length == 0 ? Nobody : team)}: it may be another team's (--team), be too old, or still be running.");
        var payload = request.Payloads ? await AskAsync(() => reader.PayloadAsync(team, entries[0].Id)) : null;
        return new LogDetail(entries[0], entries[1..], payload is null ? null : LogPayloadText.Of(payload));
    }

    private static LogQuery Read(string team, LogsOf request)
    {
        if (request.Limit is < 1 or > LogQuery.MostLimit)
            throw new CommandException(CommandProblem.Invalid, string.Create(CultureInfo.InvariantCulture, $"limit must be from 1 to {LogQuery.MostLimit}, not {request.Limit}."));
        LogCursor? after = request.After is null ? null : LogCursor.Parse(request.After)
            ?? throw new CommandException(CommandProblem.Invalid, $"\"{request.After}\" is no place in the log: take \"next\" of the page before.");
        return new LogQuery(team, [.. request.Filters.Select(LogFilter.Read)]) { Limit = request.Limit, After = after };
    }

    private string TeamOf(Actor actor, string? named)
    {
        if (named == Nobody && actor is OperatorActor)
            return "";
        var team = teams.Show(actor, named);
        actor.Demand(Right.SeeLogs, team.Id, "read the log");
        return team.Account;
    }

    private static async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (DatabaseException away)
        {
            throw new CommandException(CommandProblem.Conflict, away.Message);
        }
    }
}
