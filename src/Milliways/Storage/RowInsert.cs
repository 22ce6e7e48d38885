using System.Collections.Concurrent;

namespace Milliways.Storage;

/// <summary>
/// An INSERT of many rows of one table at a time: for each row by itself SQLite would seek its place in every index from the root, and PostgreSQL would be asked once more.
/// Numbers are never NULL.
/// </summary>
/// <param name="Table">Where to.</param>
/// <param name="Columns">In the order of a row's cells.</param>
/// <param name="Otherwise">Put behind the rows: <c>ON CONFLICT ...</c>.</param>
internal sealed record RowInsert(string Table, IReadOnlyList<RowColumn> Columns, string Otherwise)
{
    private readonly ConcurrentDictionary<int, string> _places = new();

    /// <summary>
    /// With a place for each cell of so many rows. For SQLite, in words (<c>OR FAIL</c>) that keep it from writing down beforehand, on the disk, what each page was like, in case one of the rows
    /// cannot be inserted: then the whole transaction goes.
    /// </summary>
    public string Places(int rows) => _places.TryGetValue(rows, out var known) ? known : _places.GetOrAdd(rows, WithPlaces(rows));

    /// <summary>With an array for each column, named as the column is: one statement for any number of rows.</summary>
    public string Arrays => field ??= $"{Into("INSERT")} SELECT * FROM unnest({string.Join(", ", Columns.Select(column => $"${column.Name}"))}) {Otherwise}";

    private string WithPlaces(int rows)
    {
        var row = $"({string.Join(", ", Columns.Select(_ => "?"))})";
        return $"{Into("INSERT OR FAIL")} VALUES {string.Join(", ", Enumerable.Repeat(row, rows))} {Otherwise}";
    }

    private string Into(string insert) => $"{insert} INTO {Table} ({string.Join(", ", Columns.Select(column => column.Name))})";

    /// <summary>One column of the rows.</summary>
    public Array Column(int column, ReadOnlySpan<Cell> cells)
    {
        var rows = cells.Length / Columns.Count;
        var (texts, numbers) = Columns[column].IsText ? (new string?[rows], (long[]?)null) : (null, new long[rows]);
        for (var row = 0; row < rows; row++)
            if (texts is not null)
                texts[row] = cells[row * Columns.Count + column].Text;
            else
                numbers![row] = cells[row * Columns.Count + column].Number;
        return texts ?? (Array)numbers!;
    }
}

/// <summary>A column of rows that are inserted together: of text, or of 64-bit numbers.</summary>
internal readonly record struct RowColumn(string Name, bool IsText)
{
    public static RowColumn OfText(string name) => new(name, IsText: true);

    public static RowColumn OfNumber(string name) => new(name, IsText: false);
}

/// <summary>A value as its column has it; a text may be null.</summary>
internal readonly record struct Cell(long Number, string? Text)
{
    public static implicit operator Cell(long number) => new(number, null);

    public static implicit operator Cell(string? text) => new(0, text);
}
