using Milliways.Storage;
using Milliways.Tests.Support;

namespace Milliways.Tests.Storage;

public sealed class RowInsertTests
{
    /// <summary>A statement is kept, and what was bound in it is not what comes next.</summary>
    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task Rows_that_are_inserted_again_and_again_have_their_own_values_whatever_stood_there_before(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        using var database = test.OpenLedger();
        database.Execute("CREATE TABLE things (place BIGINT, text TEXT, number BIGINT)");
        var insert = new RowInsert("things", [RowColumn.OfNumber("place"), RowColumn.OfText("text"), RowColumn.OfNumber("number")], "");
        var random = new Random(11);
        string?[] texts = [null, "", "a", "b", "ä€𝄞", new('x', 400)];
        long[] numbers = [0, 1, -1, long.MaxValue];
        var expected = new List<(long, string?, long)>();
        foreach (var rows in new[] { 40, 40, 3, 70, 1, 40 })
        {
            var cells = new List<Cell>();
            for (var row = 0; row < rows; row++)
            {
                var (text, number) = (texts[random.Next(texts.Length)], numbers[random.Next(numbers.Length)]);
                expected.Add((expected.Count, text, number));
                cells.AddRange([expected.Count - 1, text, number]);
            }
            Assert.Equal(rows, database.Transact(session => session.InsertRows(insert, cells.ToArray())));
        }
        Assert.Throws<InvalidOperationException>(() => database.Run(session => session.InsertRows(insert, [0, null, 0])));
        Assert.Equal(expected, database.Query("SELECT place, text, number FROM things ORDER BY place", row => (row.GetInt64(0), row.IsDBNull(1) ? null : row.GetString(1), row.GetInt64(2))));
    }

    [Theory, InlineData(Backend.Files), InlineData(Backend.Postgres)]
    public async Task Of_rows_of_which_one_cannot_be_inserted_none_is_there_and_those_that_are_there_already_are_left_out(Backend backend)
    {
        using var test = await TestDatabase.CreateAsync(backend);
        using var database = test.OpenLedger();
        database.Execute("CREATE TABLE things (place BIGINT UNIQUE, number BIGINT CHECK (number >= 0))");
        var insert = new RowInsert("things", [RowColumn.OfNumber("place"), RowColumn.OfNumber("number")], "ON CONFLICT (place) DO NOTHING");

        Assert.Throws<DatabaseConflictException>(() => database.Transact(session => session.InsertRows(insert, Rows(bad: 45))));
        Assert.Empty(database.Query("SELECT place FROM things", row => row.GetInt64(0)));
        Assert.Equal(2, database.Transact(session => session.InsertRows(insert, [7, 1, 80, 1])));
        Assert.Equal(69, database.Transact(session => session.InsertRows(insert, Rows(bad: -1))));
        Assert.Equal(71, database.Query("SELECT place FROM things", row => row.GetInt64(0)).Count);

        static Cell[] Rows(int bad) => [.. Enumerable.Range(0, 70).SelectMany(i => new Cell[] { i, i == bad ? -1 : i })];
    }
}
