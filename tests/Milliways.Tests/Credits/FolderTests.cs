using Milliways.Credits;
using Milliways.Credits.Journal;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

public sealed class FolderTests
{
    private readonly Folder _folder = new(TimeProvider.System);
    private int _hurries;

    public FolderTests() => _folder.Hurry = () => _hurries++;

    [Fact]
    public void The_books_are_hurried_once_for_each_time_that_enough_records_for_a_transaction_have_come()
    {
        Add(1, Folder.Enough - 1);
        Assert.Equal(0, _hurries);
        Add(Folder.Enough, 3);
        Assert.Equal(1, _hurries);
        Add(Folder.Enough + 3, 5);
        Assert.Equal(1, _hurries); // they have been told
        _folder.Done(Folder.Enough + 7);
        Assert.Equal(0, _folder.Lag);
        Add(Folder.Enough + 8, Folder.Enough);
        Assert.Equal(2, _hurries);
    }

    [Fact]
    public async Task What_is_on_its_way_into_the_books_does_not_count_for_the_next_transaction()
    {
        Add(1, 400);
        var (begun, committed) = (new TaskCompletionSource(), new TaskCompletionSource<long>());
        var folding = _folder.FoldAsync(1000, records =>
        {
            begun.SetResult();
            return committed.Task;
        }).AsTask();
        await begun.Task.Soon();
        Add(401, 200);
        Assert.Equal(0, _hurries);
        committed.SetResult(400);
        Assert.True(await folding.Soon());
        Assert.Equal(200, _folder.Lag);
        Add(601, Folder.Enough - 200);
        Assert.Equal(1, _hurries);
    }

    [Fact]
    public void Records_come_out_in_their_order_at_most_so_many_and_stay_until_they_are_done()
    {
        Add(1, 5);
        Assert.Equal([1, 2, 3], _folder.Next(3).Select(record => record.Sequence));
        Assert.Equal([1, 2, 3, 4, 5], _folder.Next(10).Select(record => record.Sequence));
        _folder.Done(2);
        Assert.Equal([3, 4, 5], _folder.Next(10).Select(record => record.Sequence));
        Assert.Equal(2, _folder.Applied);
    }

    private void Add(long first, int count) =>
        _folder.Add(first, [.. Enumerable.Range(0, count).Select(_ => new Posting { Kind = PostingKind.Expiry, Team = Guid.Empty, Time = DateTimeOffset.UnixEpoch })]);
}
