using System.Globalization;
using Milliways.Logs;
using Milliways.Teams;
using Milliways.Tests.Support;

namespace Milliways.Tests.Logs;

/// <summary>Filters and pages against a model in memory, on a store that holds two teams' entries.</summary>
public class LogFilterTests
{
    private protected virtual Backend Where => Backend.Files;

    private static readonly string[] Teams = [new('a', 32), new('b', 32)];
    private static readonly DateTimeOffset Noon = new(2025, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Any_filters_give_exactly_the_teams_own_entries_that_they_describe_in_pages_without_a_gap_or_a_repetition()
    {
        using var database = await TestDatabase.CreateAsync(Where);
        await using var logs = LogDatabase.Open(database.Address);
        var (store, reader) = (new LogStore(logs, TimeProvider.System), new LogReader(logs));
        var entries = await FillAsync(store);
        var asked = new HashSet<string>();
        var found = 0;
        await Dice.CheckAsync(async dice =>
        {
            var (team, filters) = (dice.One(Teams), dice.Many(3, _ => Filter(dice, entries)));
            var expected = entries.Where(entry => entry.Team == team && filters.TrueForAll(filter => Holds(filter, entry)))
                .OrderByDescending(entry => entry.CreatedAt).ThenByDescending(entry => entry.Id, StringComparer.Ordinal).Select(entry => entry.Id).ToList();
            var oldestFirst = dice.Flip();
            if (oldestFirst)
                expected.Reverse();
            var query = new LogQuery(team, [.. filters.Select(LogFilter.Read)]) { Limit = 1 + dice.Upto(40), OldestFirst = oldestFirst, Look = dice.Flip() ? null : 1 + dice.Upto(60) };
            var pages = await ReadAllAsync(reader, query);
            Assert.All(pages, entry => Assert.Equal(team, entry.Team));
            Assert.Equal(expected, pages.Select(entry => entry.Id));
            asked.UnionWith(filters.Select(filter => filter.Key));
            found += expected.Count;
        }, tests: 400);
        Assert.Equal(LogFields.All.Select(one => one.Name).Order(StringComparer.Ordinal), asked.Order(StringComparer.Ordinal));
        Assert.True(found > 1000);
    }

    [Fact]
    public async Task An_entry_comes_back_as_it_was_written()
    {
        using var database = await TestDatabase.CreateAsync(Where);
        await using var logs = LogDatabase.Open(database.Address);
        var reader = new LogReader(logs);
        foreach (var entry in await FillAsync(new LogStore(logs, TimeProvider.System)))
            Assert.Equal(entry with { MetadataEntries = [] }, Assert.Single(await reader.FindAsync(entry.Team, entry.Id)) with { Seq = 0, MetadataEntries = [] }, Same);
    }

    [Fact]
    public async Task A_metadata_value_that_is_in_nearly_every_entry_is_found_as_one_that_is_in_few()
    {
        using var database = await TestDatabase.CreateAsync(Where);
        await using var logs = LogDatabase.Open(database.Address);
        var (store, reader) = (new LogStore(logs, TimeProvider.System), new LogReader(logs));
        await Some.WriteAsync(store, Teams[0], 20_001, Noon, "common");
        var rare = await Some.WriteAsync(store, Teams[0], 3, Noon.AddDays(-1), "rare");
        Assert.Equal(50, (await reader.ListAsync(new LogQuery(Teams[0], [LogFilter.Read(new FilterText("metadata.value", "eq", ["common"]))]))).Count);
        Assert.Equal(rare.Select(entry => entry.Id).Reverse(), (await reader.ListAsync(new LogQuery(Teams[0], [LogFilter.Read(new FilterText("metadata.value", "eq", ["rare"]))]))).Select(entry => entry.Id));
    }

    [Fact]
    public async Task However_little_is_found_a_page_looks_through_so_many_entries_only_and_says_where_the_search_goes_on()
    {
        using var database = await TestDatabase.CreateAsync(Where);
        await using var logs = LogDatabase.Open(database.Address);
        var (store, reader) = (new LogStore(logs, TimeProvider.System), new LogReader(logs));
        var old = await Some.WriteAsync(store, Teams[0], 2, Noon.AddDays(-1), "old");
        await Some.WriteAsync(store, Teams[0], LogSql.MostRows + 5, Noon);
        foreach (var filter in new FilterText[] { new("user_agent", "contains", ["nothing"]), new("metadata.value", "contains", ["old"]), new("error", "eq", ["none"]) })
        {
            var query = new LogQuery(Teams[0], [LogFilter.Read(filter)]);
            var (none, looked) = await reader.PageAsync(query);
            Assert.Empty(none);
            Assert.NotNull(looked);
            var (rest, end) = await reader.PageAsync(query with { After = looked });
            Assert.Equal(filter.Key == "metadata.value" ? old.Select(entry => entry.Id).Reverse() : [], rest.Select(entry => entry.Id));
            Assert.Null(end);
        }
        // What an index has is looked through at once.
        Assert.Equal((0, null), await reader.PageAsync(new LogQuery(Teams[0], [LogFilter.Read(new FilterText("cached", "eq", ["true"]))])) is var (found, last) ? (found.Count, last) : default);
    }

    [Fact]
    public async Task Whatever_is_asked_SQLite_searches_an_index_for_it_and_walks_through_no_table()
    {
        using var database = await TestDatabase.CreateAsync(Backend.Files);
        await using var logs = LogDatabase.Open(database.Address);
        await FillAsync(new LogStore(logs, TimeProvider.System));
        foreach (var field in LogFields.All)
            foreach (var compared in LogFilter.Operators)
                foreach (var isRare in new[] { true, false })
                {
                    LogFilter filter;
                    try
                    {
                        filter = LogFilter.Read(new FilterText(field.Name, compared, [field.Kind is FieldKind.Flag ? "false" : "429"]));
                    }
                    catch (CommandException)
                    {
                        continue; // the field has no such operator
                    }
                    var sql = new LogSql(new LogQuery(Teams[0], [filter]), _ => isRare);
                    var text = sql.Page;
                    var plan = await logs.ReadAsync(session => session.Query("EXPLAIN QUERY PLAN " + text, row => row.GetString(3),
                        sql.IsBounded ? sql.Parameters(text, ("$look", 5L), ("$limit", 5L)) : sql.Parameters(text, ("$limit", 5L))));
                    var said = $"{field.Name} {compared}: {string.Join("; ", plan)}";
                    Assert.False(plan.Exists(step => step.StartsWith("SCAN ", StringComparison.Ordinal) && step is not "SCAN looked"), said);
                    Assert.True(plan.Exists(step => step.StartsWith("SEARCH ", StringComparison.Ordinal) && step.Contains(" INDEX ", StringComparison.Ordinal)), said);
                    if (sql.Look == LogSql.MostKeys && sql.IsBounded)
                        Assert.Contains(plan, step => step.StartsWith("SEARCH logs USING COVERING INDEX logs_by_team", StringComparison.Ordinal));
                }
    }

    [Fact]
    public async Task A_follower_sees_each_new_entry_of_its_team_once_even_when_numbers_come_out_of_order()
    {
        using var database = await TestDatabase.CreateAsync(Where);
        await using var logs = LogDatabase.Open(database.Address);
        var (store, reader) = (new LogStore(logs, TimeProvider.System), new LogReader(logs));
        await Some.WriteAsync(store, Teams[0], 5, Noon);
        using var ledger = database.OpenLedger();
        var team = new TeamStore(ledger, TimeProvider.System).Create("t");
        var commands = new LogCommands(new TeamCommands(ledger, new TeamStore(ledger, TimeProvider.System), new AuditLog(ledger, TimeProvider.System), []), reader, TimeProvider.System);
        var follower = new LogFollower(request => commands.FollowAsync(OperatorActor.Instance, request), new LogsOf(team.Account, [], 100, null, LogCommands.FromNow));
        Assert.Empty(await follower.NextAsync());
        await Some.WriteAsync(store, Teams[0], 2, Noon);
        var first = await Some.WriteAsync(store, team.Account, 2, TimeProvider.System.GetUtcNow());
        Assert.Equal(first.Select(entry => entry.Id), (await follower.NextAsync()).Select(entry => entry.Id));
        Assert.Empty(await follower.NextAsync());
        // As a second server's that took its number earlier and committed later.
        var late = await logs.WriteAsync(session => session.Query("SELECT max(seq) FROM logs", row => row.GetInt64(0))[0] - 1);
        await logs.WriteAsync(session => session.Execute("UPDATE logs SET seq = seq + 1000 WHERE seq > $late", ("$late", late)));
        Assert.Single(await follower.NextAsync()); // the moved one, under its new number
        var between = await Some.WriteAsync(store, team.Account, 1, TimeProvider.System.GetUtcNow());
        Assert.Equal(between[0].Id, Assert.Single(await follower.NextAsync()).Id);
        Assert.Empty(await follower.NextAsync());
    }

    [Theory]
    [InlineData("modle", "eq", "x", "did you mean \"model\"?")]
    [InlineData("zzzzzzzz", "eq", "x", "write one of id, request_id")]
    [InlineData("model", "equals", "x", "write one of eq, neq, contains, lt, gt")]
    [InlineData("model", "neqq", "x", "did you mean \"neq\"?")]
    [InlineData("model", "gt", "x", "model has no order: filter it by eq, neq or contains.")]
    [InlineData("success", "gt", "true", "success has no order: filter it by eq, neq.")]
    [InlineData("status", "contains", "4", "status is no text: filter it by eq, neq, lt or gt.")]
    [InlineData("status", "eq", "4xx", "\"4xx\" of the filter status must be a whole number.")]
    [InlineData("cost", "gt", "cheap", "US dollars")]
    [InlineData("created_at", "lt", "noon", "2025-03-01T12:00:00Z")]
    [InlineData("cached", "eq", "perhaps", "true or false")]
    public void A_filter_that_makes_no_sense_is_refused_with_the_remedy(string key, string compared, string value, string says)
    {
        var refused = Assert.Throws<CommandException>(() => LogFilter.Read(new FilterText(key, compared, [value])));
        Assert.Equal(CommandProblem.Invalid, refused.Problem);
        Assert.Contains(says, refused.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("cost=gt:0.1", "cost", "gt", "0.1")]
    [InlineData("model=a/b", "model", "eq", "a/b")]
    [InlineData("path=/v1:x", "path", "eq", "/v1:x")]
    [InlineData("tags=eq:a:b=c", "tags", "eq", "a:b=c")]
    [InlineData("user_agent=like:x", "user_agent", "like", "x")]
    public void A_where_is_a_key_an_operator_and_a_value(string text, string key, string compared, string value)
    {
        var filter = LogFilterOptions.Split(text);
        Assert.Equal((key, compared, value), (filter.Key, filter.Operator, Assert.Single(filter.Value)));
    }

    private static bool Same(LogEntry a, LogEntry b) => a with { MetadataEntries = b.MetadataEntries } == b;

    private static async Task<List<LogEntry>> ReadAllAsync(LogReader reader, LogQuery query)
    {
        var all = new List<LogEntry>();
        while (true)
        {
            var (page, looked) = await reader.PageAsync(query).WaitAsync(Patience.Limit);
            all.AddRange(page);
            Assert.True(all.Count < 1000, "The pages never end.");
            if (page.Count < query.Limit && looked is null)
                return all;
            query = query with { After = looked ?? new LogCursor(page[^1].CreatedAt.ToUnixTimeMilliseconds(), page[^1].Id) };
        }
    }

    /// <summary>Entries of both teams alike, so that nothing but the team tells them apart.</summary>
    private static async Task<List<LogEntry>> FillAsync(LogStore store)
    {
        var entries = new List<LogEntry>();
        for (var i = 0; i < 150; i++)
        {
            string? Maybe(string text) => i % 3 == 0 ? null : text;
            var id = Guid.CreateVersion7(Noon.AddSeconds(i / 4)).ToString("D");
            entries.Add(new LogEntry
            {
                Id = id, RequestId = $"req_{i % 40}", EventId = i % 5 == 0 ? $"Event-{i % 7}" : id, CreatedAt = Noon.AddSeconds(i / 4), Team = Teams[i % 2],
                KeyId = Maybe($"key-{i % 4}"), Gateway = i % 4 == 0 ? null : $"gw{i % 3}", Provider = Maybe(i % 2 == 0 ? "openai" : "Grok"), ModelAsked = Maybe($"m{i % 5}"),
                Model = Maybe($"openai/m_{i % 5}"), Upstream = Maybe($"up{i % 3}"), ModelType = i % 6 == 0 ? "embeddings" : "chat", RequestType = i % 10 == 0 ? "websocket" : "http", Compat = i % 3 == 1,
                Method = i % 9 == 0 ? "GET" : "POST", Path = $"/v1/%{i % 3}", RequestContentType = Maybe("application/json"), ResponseContentType = Maybe("text/event-stream"),
                StatusCode = 200 + (100 * (i % 4)), Success = i % 4 == 0, Cached = i % 8 == 0, Step = i % 3, Attempts = i % 4, TokensIn = i, TokensOut = i % 20, TokensCached = i % 6, TokensReasoning = i % 2,
                UsageSource = Maybe("reported"), Duration = i * 3, FirstByte = i % 3 == 0 ? null : i, CostTicks = i % 3 == 0 ? null : i * 100_000_000L, CustomCost = i % 11 == 0, Byok = i % 7 == 0, Wholesale = i % 2 == 0,
                Authentication = i % 13 != 0, Metadata = null, MetadataEntries = i % 3 == 0 ? [("user", $"u{i % 4}"), ("plan", "Free")] : i % 3 == 1 ? [("user", "u1")] : [],
                Tags = Maybe($"t{i % 3},x"), Session = Maybe($"s{i % 9}"), Ending = i % 4 == 0 ? "completed" : "refused", Refused = Maybe("limit"), FailedParty = Maybe("client"), FailedStage = Maybe("acl"),
                Error = Maybe("50% off\\on"), UserAgent = Maybe($"Agent/{i % 3}"), RequestSize = i % 3 == 0 ? null : i * 10, ResponseSize = i, HasPayload = i % 2 == 0, RequestComplete = i % 2 == 1, ResponseComplete = i % 3 == 1,
                Feedback = i % 3 == 0 ? null : (i % 3) - 1, Score = i % 3 == 0 ? null : i % 100,
            });
        }
        await store.WriteAsync([.. entries.Select(entry => (entry, (LogPayload?)null, new LogPolicy(true, false)))]);
        return entries;
    }

    /// <summary>A filter whose values are some entry's, mostly.</summary>
    private static FilterText Filter(Dice dice, List<LogEntry> entries)
    {
        var one = LogFields.All[dice.Upto(LogFields.All.Count)];
        var compared = one.Kind switch
        {
            FieldKind.Text or FieldKind.Metadata => dice.One("eq", "neq", "contains"),
            FieldKind.Flag => dice.One("eq", "neq"),
            _ => dice.One("eq", "neq", "lt", "gt"),
        };
        var count = compared is "lt" or "gt" ? 1 : 1 + dice.Upto(2);
        return new FilterText(one.Name, compared, [.. Enumerable.Range(0, count).Select(_ => Value(dice, one, compared, entries))]);
    }

    private static string Value(Dice dice, LogField one, string compared, List<LogEntry> entries)
    {
        var values = Values(one.Name, entries[dice.Upto(entries.Count)]);
        var value = values.Count > 0 ? values[dice.Upto(values.Count)] : one.Kind switch { FieldKind.Text or FieldKind.Metadata => "u1", FieldKind.Flag => "true", _ => "3" };
        if (compared == "contains")
            return value.Length > 2 ? value[(value.Length / 3)..].ToUpperInvariant() : value;
        return one.Kind == FieldKind.Flag ? value == "1" ? "true" : "false" : value;
    }

    /// <summary>What an entry has in a field, as a filter would name it; nothing where it has none.</summary>
    private static List<string> Values(string name, LogEntry entry)
    {
        string? Say(long? number) => number?.ToString(CultureInfo.InvariantCulture);
        string Flag(bool truth) => truth ? "1" : "0";
        if (name.StartsWith("metadata.", StringComparison.Ordinal))
            return [.. entry.MetadataEntries.Select(one => name == "metadata.key" ? one.Name : one.Value)];
        var value = name switch
        {
            "id" => entry.Id, "request_id" => entry.RequestId, "event_id" => entry.EventId, "created_at" => Say(entry.CreatedAt.ToUnixTimeMilliseconds()), "gateway" => entry.Gateway ?? "",
            "key" => entry.KeyId, "provider" => entry.Provider, "model" => entry.Model, "model_asked" => entry.ModelAsked, "upstream" => entry.Upstream, "model_type" => entry.ModelType,
            "request_type" => entry.RequestType, "compatibilityMode" => Flag(entry.Compat), "method" => entry.Method, "path" => entry.Path, "request_content_type" => entry.RequestContentType,
            "response_content_type" => entry.ResponseContentType, "status" or "status_code" => Say(entry.StatusCode), "success" => Flag(entry.Success), "cached" => Flag(entry.Cached),
            "step" => Say(entry.Step), "attempts" => Say(entry.Attempts), "tokens" => Say(entry.TokensIn + entry.TokensOut), "tokens_in" => Say(entry.TokensIn), "tokens_out" => Say(entry.TokensOut),
            "tokens_cached" => Say(entry.TokensCached), "tokens_reasoning" => Say(entry.TokensReasoning), "usage_source" => entry.UsageSource, "duration" => Say(entry.Duration), "first_byte" => Say(entry.FirstByte),
            "cost" => entry.CostTicks is { } ticks ? (ticks / 10_000_000_000m).ToString(CultureInfo.InvariantCulture) : null, "custom_cost" => Flag(entry.CustomCost), "byok" => Flag(entry.Byok),
            "wholesale" => Flag(entry.Wholesale), "authentication" => Flag(entry.Authentication), "tags" => entry.Tags, "session" => entry.Session, "ending" => entry.Ending, "refused" => entry.Refused,
            "failed_party" => entry.FailedParty, "failed_stage" => entry.FailedStage, "error" => entry.Error, "user_agent" => entry.UserAgent, "request_size" => Say(entry.RequestSize),
            "response_size" => Say(entry.ResponseSize), "feedback" => Say(entry.Feedback), "score" => Say(entry.Score),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "is not in the model"),
        };
        return value is null ? [] : [value];
    }

    private static bool Holds(FilterText filter, LogEntry entry)
    {
        var values = Values(filter.Key, entry);
        var isFlag = LogFields.Find(filter.Key)!.Kind == FieldKind.Flag;
        var wanted = filter.Value.Select(value => isFlag ? value == "true" ? "1" : "0" : value).ToList();
        return filter.Operator switch
        {
            "eq" => values.Exists(wanted.Contains),
            "neq" => !values.Exists(wanted.Contains),
            "contains" => values.Exists(value => wanted.Exists(part => value.Contains(part, StringComparison.OrdinalIgnoreCase))),
            "lt" => values.Exists(value => decimal.Parse(value, CultureInfo.InvariantCulture) < decimal.Parse(wanted[0], CultureInfo.InvariantCulture)),
            _ => values.Exists(value => decimal.Parse(value, CultureInfo.InvariantCulture) > decimal.Parse(wanted[0], CultureInfo.InvariantCulture)),
        };
    }
}

public sealed class LogFiltersOnPostgresTests : LogFilterTests
{
    private protected override Backend Where => Backend.Postgres;
}
