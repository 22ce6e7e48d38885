using System.Text.Json;
using Milliways.Billing;
using Milliways.Credits;
using Milliways.Keys;
using Milliways.Teams;

namespace Milliways.Management;

/// <summary>POST usage: xAI's analytics of what was billed (xai-api 2.3, AnalyticsRequest), from the hourly sums.</summary>
internal sealed class UsagePaths(TeamCommands teams, KeyStore keys, UsageAnalytics analytics)
{
    /// <summary>More groups than this are cut off, and limitReached says so.</summary>
    private const int MostSeries = 1000;

    private static readonly Dictionary<string, UsageUnit?> Units = new()
    {
        ["TIME_UNIT_NONE"] = UsageUnit.None, ["TIME_UNIT_MONTH"] = UsageUnit.Month, ["TIME_UNIT_CALENDAR_WEEK"] = UsageUnit.Week, ["TIME_UNIT_DAY"] = UsageUnit.Day, ["TIME_UNIT_HOUR"] = UsageUnit.Hour,
    };

    private static readonly Dictionary<string, Func<UsagePoint, decimal>> Values = new()
    {
        ["usd"] = point => (decimal)point.Ticks / Money.TicksPerDollar,
        ["tokens"] = point => point.Input + point.Output,
        ["input_tokens"] = point => point.Input,
        ["output_tokens"] = point => point.Output,
        ["requests"] = point => point.Answers,
    };

    public async Task<bool> AnalyzeAsync(ManagementRequest request, Utf8JsonWriter writer)
    {
        var team = teams.Show(request.Actor, request.Id);
        request.Actor.Demand(Right.SeeBilling, team.Id, "see what the team uses");
        if (ProtoJson.Member(request.Body, "analyticsRequest", "analytics_request") is not { ValueKind: JsonValueKind.Object } asked)
            throw ProtoJson.Wrong("analyticsRequest", "an object with timeRange, timeUnit, values, groupBy and filters");
        var (values, groups) = (ReadValues(asked), ReadGroups(asked));
        var query = ReadFilters(asked, ReadRange(asked, team.Id, groups));
        var names = keys.All().Where(key => key.Team.Id == team.Id).ToDictionary(key => key.Id.ToString("D"), key => key.Name);
        var series = (await analytics.RunAsync(query, CancellationToken.None)).GroupBy(point => (point.Key, point.Model)).Take(MostSeries + 1).ToList();
        writer.WriteStartObject();
        writer.WriteStartArray("timeSeries");
        foreach (var one in series.Take(MostSeries))
        {
            writer.WriteStartObject();
            ProtoJson.WriteTexts(writer, "group", groups.Select(group => group == Group.Key ? one.Key.Key : one.Key.Model));
            ProtoJson.WriteTexts(writer, "groupLabels", groups.Select(group => group == Group.Key ? names.GetValueOrDefault(one.Key.Key, one.Key.Key) : one.Key.Model));
            writer.WriteStartArray("dataPoints");
            foreach (var point in one)
            {
                writer.WriteStartObject();
                ProtoJson.WriteTime(writer, "timestamp", point.Time);
                writer.WriteStartArray("values");
                foreach (var value in values)
                    writer.WriteNumberValue(value(point));
                writer.WriteEndArray();
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteBoolean("limitReached", series.Count > MostSeries);
        writer.WriteEndObject();
        return true;
    }

    private enum Group { Key, Model }

    private static UsageQuery ReadRange(JsonElement asked, Guid team, List<Group> groups)
    {
        if (ProtoJson.Member(asked, "timeRange", "time_range") is not { ValueKind: JsonValueKind.Object } range)
            throw ProtoJson.Wrong("analyticsRequest.timeRange", "an object with startTime, endTime and timezone");
        var name = ProtoJson.Text(range, "timezone") is { Length: > 0 } given ? given : "UTC";
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone))
            throw ProtoJson.Wrong("timeRange.timezone", "an IANA name such as \"Europe/Berlin\"");
        DateTimeOffset Read(string camel, string snake) => UsageQuery.TryParse(ProtoJson.Text(range, camel, snake) ?? "", zone, out var time)
            ? time : throw ProtoJson.Wrong($"timeRange.{camel}", "a time such as \"2026-01-31 00:00:00\"");
        var (from, to) = (Read("startTime", "start_time"), Read("endTime", "end_time"));
        if (to < from)
            throw ProtoJson.Wrong("timeRange.endTime", "not before startTime");
        var unit = ProtoJson.Text(asked, "timeUnit", "time_unit") is { Length: > 0 } word ? Units.GetValueOrDefault(word) : UsageUnit.None;
        return new UsageQuery(
            team, from, to, zone, unit ?? throw ProtoJson.Wrong("timeUnit", $"one of {string.Join(", ", Units.Keys)}: usage is kept by the hour"), groups.Contains(Group.Key), groups.Contains(Group.Model));
    }

    private static List<Func<UsagePoint, decimal>> ReadValues(JsonElement asked)
    {
        if (ProtoJson.Member(asked, "values") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() == 0)
            throw ProtoJson.Wrong("values", "a list such as [{\"name\": \"usd\", \"aggregation\": \"AGGREGATION_SUM\"}]");
        return [.. list.EnumerateArray().Select(value =>
        {
            if (value.ValueKind != JsonValueKind.Object || !Values.TryGetValue(ProtoJson.Text(value, "name") ?? "", out var found))
                throw ProtoJson.Wrong("values.name", $"one of {string.Join(", ", Values.Keys)}");
            return ProtoJson.Text(value, "aggregation") is null or "AGGREGATION_NONE" or "AGGREGATION_SUM" ? found
                : throw ProtoJson.Wrong("values.aggregation", "AGGREGATION_SUM: only sums are kept");
        })];
    }

    private static List<Group> ReadGroups(JsonElement asked) =>
        [.. (ProtoJson.Texts(asked, "groupBy", "group_by") ?? []).Select(name => GroupOf(name) ?? throw ProtoJson.Wrong("groupBy", "a list of api_key, model and description")).Distinct()];

    /// <summary>What is billed is described by its model.</summary>
    private static Group? GroupOf(string name) => name switch
    {
        "api_key" or "api_key_id" or "apiKey" or "apiKeyId" => Group.Key,
        "model" or "description" => Group.Model,
        _ => null,
    };

    /// <summary><c>field:operator value</c>, all of which must hold; the operator is <c>eq</c> or <c>=</c>, or nothing.</summary>
    private static UsageQuery ReadFilters(JsonElement asked, UsageQuery query)
    {
        foreach (var filter in ProtoJson.Texts(asked, "filters") ?? [])
        {
            var (field, rest) = filter.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon ? (filter[..colon].Trim(), filter[(colon + 1)..].Trim()) : ("", "");
            var value = rest.StartsWith("eq ", StringComparison.Ordinal) || rest.StartsWith("= ", StringComparison.Ordinal) ? rest[(rest.IndexOf(' ', StringComparison.Ordinal) + 1)..].Trim() : rest;
            query = (GroupOf(field), value) switch
            {
                (Group.Key, var id) when Guid.TryParse(id, out var key) && query.Key is null => query with { Key = key },
                (Group.Model, { Length: > 0 } model) when query.Model is null => query with { Model = model },
                _ => throw ProtoJson.Wrong("filters", "a list such as [\"model:eq grok-beta\", \"api_key:eq ID\"], each field once"),
            };
        }
        return query;
    }
}
