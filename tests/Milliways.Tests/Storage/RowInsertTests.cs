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
            Assert.Equal(rows, database.Run(session => session.InsertRows(insert, cells.ToArray())));
        }
        Assert.Equal(expected, database.Query("SELECT place, text, number FROM things ORDER BY place", row => (row.GetInt64(0), row.IsDBNull(1) ? null : row.GetString(1), row.GetInt64(2))));
    }
}
