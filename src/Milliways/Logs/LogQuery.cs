using System.Globalization;
using System.Text;

namespace Milliways.Logs;

/// <summary>Which entries of one team are wanted. There is no query without a team.</summary>
/// <param name="Team">32 hex digits; empty: those of requests without a key that is known.</param>
/// <param name="Filters">All must hold.</param>
internal sealed record LogQuery(string Team, IReadOnlyList<LogFilter> Filters)
{
    /// <summary>The most entries of a page.</summary>
    public const int MostLimit = 1000;

    public int Limit { get; init; } = 50;

    /// <summary>Those behind this one: the last of the page before.</summary>
    public LogCursor? After { get; init; }

    public bool OldestFirst { get; init; }

    /// <summary>Only those that were written later, in the order in which they were: for whoever follows; null: pages by time.</summary>
    public long? WrittenAfter { get; init; }
}

/// <summary>A place between two entries: by when the requests came, and of one moment by their ids.</summary>
internal readonly record struct LogCursor(long Created, string Id)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Created}:{Id}");

    public static LogCursor? Parse(string text) =>
        text.Split(':') is [var created, { Length: 36 } id] && long.TryParse(created, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) ? new LogCursor(milliseconds, id) : null;
}

/// <summary>
/// Says a query in SQL. The rows are found by numbers and names that stand in an index, and only those of the page are read whole. Values go in as parameters,
/// truth as a word of the text: only so SQLite sees that an index of failures fits.
/// </summary>
internal sealed class LogSql
{
    /// <summary>Of these values there are a few entries at most: their own index finds them.</summary>
    private static readonly string[] Unique = ["id", "request_id", "event_id"];

    private readonly StringBuilder _where = new();
    private readonly List<(string Name, object? Value)> _parameters = [];
    private readonly string _order;
    private bool _teamIsCompared;

    /// <param name="query">What is wanted.</param>
    /// <param name="isRare">Whether a value of the metadata is so rare that its entries are better gathered first.</param>
    public LogSql(LogQuery query, Func<LogFilter, bool> isRare)
    {
        _parameters.Add(("$team", query.Team));
        _teamIsCompared = query.WrittenAfter is not null || query.Filters.Any(filter => filter.Operator == FilterOperator.Eq && Unique.Contains(filter.Field.Name));
        foreach (var filter in query.Filters)
            _where.Append(" AND ").Append(filter.Field.Kind == FieldKind.Metadata ? OfMetadata(filter, isRare) : Of(filter, filter.Field.Column));
        if (query.WrittenAfter is { } seq)
            _where.Append(" AND seq > ").Append(Give(seq));
        if (query.After is { } after)
            _where.Append(CultureInfo.InvariantCulture, $" AND (created, id) {(query.OldestFirst ? '>' : '<')} ({Give(after.Created)}, {Give(after.Id)})");
        var direction = query.OldestFirst ? "ASC" : "DESC";
        _order = query.WrittenAfter is null ? $"created {direction}, id {direction}" : "seq";
        _parameters.Add(("$limit", (long)query.Limit));
    }

    public ReadOnlySpan<(string Name, object? Value)> Parameters => _parameters.ToArray();

    /// <summary>An expression is in no index: otherwise SQLite would walk through all of a team's entries, because they are in the right order.</summary>
    private string Team => _teamIsCompared ? "team || '' = $team" : "team = $team";

    /// <summary>The whole rows of a page.</summary>
    public string Page => $"SELECT {LogRows.Columns} FROM logs WHERE seq IN (SELECT seq FROM logs WHERE {Team}{_where} ORDER BY {_order} LIMIT $limit) ORDER BY {_order}";

    private string Give(object value)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"$v{_parameters.Count}");
        _parameters.Add((name, value));
        return name;
    }

    private string Of(LogFilter filter, string column) => filter switch
    {
        { Field.Name: "event_id" } => OfEvent(filter),
        { Operator: FilterOperator.Lt } => $"{column} < {Give(filter.Values[0])}",
        { Operator: FilterOperator.Gt } => $"{column} > {Give(filter.Values[0])}",
        { Operator: FilterOperator.Contains } => Contains(filter, column),
        { Operator: FilterOperator.Neq } => $"({column} IS NULL OR {column} NOT IN ({Values(filter)}))",
        // No answer with such a status is a success, so the index of failures has them all.
        { Operator: FilterOperator.Eq, Field.Name: "status" or "status_code" } when filter.Values.All(value => (long)value >= 400) => $"success = 0 AND {column} IN ({Values(filter)})",
        { Values.Count: 1 } => $"{column} = {Values(filter)}",
        _ => $"{column} IN ({Values(filter)})",
    };

    /// <summary>An entry without an event id of its caller's has its own id for it.</summary>
    private string OfEvent(LogFilter filter) => filter.Operator switch
    {
        FilterOperator.Eq => $"(event_id IN ({Values(filter)}) OR (id IN ({Values(filter)}) AND event_id IS NULL))",
        FilterOperator.Neq => $"coalesce(event_id, id) NOT IN ({Values(filter)})",
        _ => Contains(filter, "coalesce(event_id, id)"),
    };

    private string OfMetadata(LogFilter filter, Func<LogFilter, bool> isRare)
    {
        var column = "m." + filter.Field.Column;
        var holds = filter.Operator == FilterOperator.Contains ? Contains(filter, column) : $"{column} IN ({Values(filter)})";
        var gathers = filter.Operator == FilterOperator.Eq && isRare(filter);
        _teamIsCompared |= gathers;
        return filter.Operator == FilterOperator.Neq ? $"NOT EXISTS (SELECT 1 FROM log_metadata m WHERE m.seq = logs.seq AND {holds})"
            : gathers ? $"seq IN (SELECT m.seq FROM log_metadata m WHERE m.team = $team AND {holds})"
            : $"EXISTS (SELECT 1 FROM log_metadata m WHERE m.seq = logs.seq AND {holds})";
    }

    private string Contains(LogFilter filter, string column) =>
        $"({string.Join(" OR ", filter.Values.Select(value => $"lower({column}) LIKE {Give(Pattern((string)value))} ESCAPE '\\'"))})";

    private string Values(LogFilter filter) =>
        string.Join(", ", filter.Values.Select(value => filter.Field.Kind == FieldKind.Flag ? ((long)value).ToString(CultureInfo.InvariantCulture) : Give(value)));

    private static string Pattern(string text) =>
        $"%{text.ToLowerInvariant().Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
}
