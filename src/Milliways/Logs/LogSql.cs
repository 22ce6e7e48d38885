using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Milliways.Storage;

namespace Milliways.Logs;

/// <summary>
/// Says a query in SQL. One filter at most leads: an index has its entries in the order of the page. All others are compared with the entries that it, or the
/// team's own order, comes upon, and of these so many at most that a page does not take longer than a moment, however little is found. Only the rows of the page
/// are read whole. Values go in as parameters, truth as a word of the text: only so SQLite sees that an index of failures fits.
/// </summary>
internal sealed class LogSql
{
    /// <summary>Entries that are looked through when their rows have to be read, and when the team's index has all that is compared.</summary>
    public const int MostRows = 20_000, MostKeys = 200_000;

    /// <summary>Of these values there are a few entries at most: their own index finds them.</summary>
    private static readonly string[] Unique = ["id", "request_id", "event_id"];

    /// <summary>Filters by one value that an index leads, those that find least first.</summary>
    private static readonly string[] Leading = [.. Unique, "session", "metadata.value", "metadata.key", "status", "status_code", "success", "model", "key", "gateway"];

    /// <summary>What stands in the index of a team's entries.</summary>
    private static readonly FrozenSet<string> Keys =
        new[] { "seq", "created", "id", "success", "status", "cached", "cost", "tokens_in", "tokens_out", "duration", "provider", "model", "gateway", "key_id" }.ToFrozenSet(StringComparer.Ordinal);

    private readonly StringBuilder _found = new();
    private readonly StringBuilder _compared = new();
    private readonly SortedSet<string> _columns = new(StringComparer.Ordinal) { "seq", "created", "id" };
    private readonly List<(string Name, object? Value)> _parameters = [];
    private readonly string _order;
    private readonly bool _teamIsCompared;
    private bool _readsMetadata;

    /// <param name="query">What is wanted.</param>
    /// <param name="isRare">Whether a value of the metadata is so rare that its entries are better gathered first.</param>
    public LogSql(LogQuery query, Func<LogFilter, bool> isRare)
    {
        _parameters.Add(("$team", query.Team));
        var lead = query.WrittenAfter is null ? Lead(query.Filters, isRare) : null;
        _teamIsCompared = query.WrittenAfter is not null || lead?.Field is { Kind: FieldKind.Metadata } || Unique.Contains(lead?.Field.Name);
        foreach (var filter in query.Filters)
            if (query.WrittenAfter is not null)
                _found.Append(" AND ").Append(filter.Field.Kind == FieldKind.Metadata ? OfMetadata(filter, "logs") : Of(filter));
            else if (ReferenceEquals(filter, lead) && filter.Field.Kind == FieldKind.Metadata)
                _found.Append(CultureInfo.InvariantCulture, $" AND seq IN (SELECT m.seq FROM log_metadata m WHERE m.team = $team AND m.{filter.Field.Column} IN ({Values(filter)}))");
            else if (ReferenceEquals(filter, lead) || filter is { Field.Kind: FieldKind.Time, Operator: not FilterOperator.Neq })
                _found.Append(" AND ").Append(Of(filter));
            else
                Compare(filter);
        if (query.WrittenAfter is { } seq)
            _found.Append(" AND seq > ").Append(Give(seq));
        if (query.After is { } after)
            _found.Append(CultureInfo.InvariantCulture, $" AND (created, id) {(query.OldestFirst ? '>' : '<')} ({Give(after.Created)}, {Give(after.Id)})");
        var direction = query.OldestFirst ? "ASC" : "DESC";
        _order = query.WrittenAfter is null ? $"created {direction}, id {direction}" : "seq";
        Look = query.Look ?? (lead is null && !_readsMetadata && _columns.IsSubsetOf(Keys) ? MostKeys : MostRows);
    }

    /// <summary>How many entries are looked through.</summary>
    public int Look { get; }

    /// <summary>Some filter is only compared, so that the page may end before it is full.</summary>
    public bool IsBounded => _compared.Length > 0;

    /// <summary>The whole rows of a page.</summary>
    public string Page => $"SELECT {LogRows.Columns} FROM logs WHERE seq IN ({(IsBounded
        ? $"SELECT seq FROM (SELECT {string.Join(", ", _columns)} FROM logs WHERE {Team}{_found} ORDER BY {_order} LIMIT $look) AS looked WHERE {_compared} ORDER BY {_order} LIMIT $limit"
        : $"SELECT seq FROM logs WHERE {Team}{_found} ORDER BY {_order} LIMIT $limit")}) ORDER BY {_order}";

    /// <summary>The last of the entries that were looked through; none: there were not so many.</summary>
    public string End => $"SELECT created, id FROM logs WHERE {Team}{_found} ORDER BY {_order} LIMIT 1 OFFSET $look - 1";

    /// <summary>An expression is in no index: otherwise SQLite would walk through all of a team's entries, because they are in the right order.</summary>
    private string Team => _teamIsCompared ? "team || '' = $team" : "team = $team";

    /// <summary>Those of a text of this class, with what it takes beside the query's own.</summary>
    public (string Name, object? Value)[] Parameters(string sql, params ReadOnlySpan<(string Name, object? Value)> more)
    {
        var taken = SqlText.Of(sql).Names;
        return [.. _parameters.Where(one => taken.Contains(one.Name)), .. more];
    }

    private static LogFilter? Lead(IReadOnlyList<LogFilter> filters, Func<LogFilter, bool> isRare) => filters
        .Where(filter => filter.Operator == FilterOperator.Eq && Array.IndexOf(Leading, filter.Field.Name) >= 0 && (filter.Values.Count == 1 || Unique.Contains(filter.Field.Name)) && filter.Field switch
        {
            { Kind: FieldKind.Metadata } => isRare(filter),
            { Name: "success" } => (long)filter.Values[0] == 0,
            { Name: "status" or "status_code" } => IsFailure(filter),
            _ => true,
        })
        .MinBy(filter => Array.IndexOf(Leading, filter.Field.Name));

    /// <summary>No answer with such a status is a success, so the index of failures has them all.</summary>
    private static bool IsFailure(LogFilter filter) => filter.Field.Name is "status" or "status_code" && filter.Operator == FilterOperator.Eq && filter.Values.All(value => (long)value >= 400);

    private void Compare(LogFilter filter)
    {
        _compared.Append(_compared.Length > 0 ? " AND " : "").Append(filter.Field.Kind == FieldKind.Metadata ? OfMetadata(filter, "looked") : Of(filter));
        if (filter.Field.Kind == FieldKind.Metadata)
            _readsMetadata = true;
        else
            _columns.UnionWith(IsFailure(filter) ? ["status", "success"] : filter.Field.Columns);
    }

    private string Give(object value)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"$v{_parameters.Count}");
        _parameters.Add((name, value));
        return name;
    }

    private string Of(LogFilter filter)
    {
        var column = filter.Field.Column;
        return filter switch
        {
            { Field.Name: "event_id" } => OfEvent(filter),
            { Operator: FilterOperator.Lt } => $"{column} < {Give(filter.Values[0])}",
            { Operator: FilterOperator.Gt } => $"{column} > {Give(filter.Values[0])}",
            { Operator: FilterOperator.Contains } => Contains(filter, column),
            { Operator: FilterOperator.Neq } => $"({column} IS NULL OR {column} NOT IN ({Values(filter)}))",
            _ when IsFailure(filter) => $"success = 0 AND {column} IN ({Values(filter)})",
            { Values.Count: 1 } => $"{column} = {Values(filter)}",
            _ => $"{column} IN ({Values(filter)})",
        };
    }

    /// <summary>An entry without an event id of its caller's has its own id for it.</summary>
    private string OfEvent(LogFilter filter) => filter.Operator switch
    {
        FilterOperator.Eq => $"(event_id IN ({Values(filter)}) OR (id IN ({Values(filter)}) AND event_id IS NULL))",
        FilterOperator.Neq => $"coalesce(event_id, id) NOT IN ({Values(filter)})",
        _ => Contains(filter, "coalesce(event_id, id)"),
    };

    /// <param name="filter">By name or value.</param>
    /// <param name="of">What the entries stand in that it is compared with.</param>
    private string OfMetadata(LogFilter filter, string of)
    {
        var column = "m." + filter.Field.Column;
        var holds = filter.Operator == FilterOperator.Contains ? Contains(filter, column) : $"{column} IN ({Values(filter)})";
        return $"{(filter.Operator == FilterOperator.Neq ? "NOT " : "")}EXISTS (SELECT 1 FROM log_metadata m WHERE m.seq = {of}.seq AND {holds})";
    }

    private string Contains(LogFilter filter, string column) =>
        $"({string.Join(" OR ", filter.Values.Select(value => $"lower({column}) LIKE {Give(Pattern((string)value))} ESCAPE '\\'"))})";

    private string Values(LogFilter filter) =>
        string.Join(", ", filter.Values.Select(value => filter.Field.Kind == FieldKind.Flag ? ((long)value).ToString(CultureInfo.InvariantCulture) : Give(value)));

    private static string Pattern(string text) =>
        $"%{text.ToLowerInvariant().Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
}
