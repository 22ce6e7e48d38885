using Milliways.Engine.Scheduling;

namespace Milliways.Engine.Tests.Scheduling;

public sealed class FairQueueTests
{
    [Fact]
    public void Keys_take_turns_and_first_comes_first_within_a_key()
    {
        var queue = Filled(("a", 1), ("a", 2), ("a", 3), ("b", 4), ("c", 5), ("b", 6));
        Assert.Equal([1, 4, 5, 2, 6, 3], Empty(queue));
    }

    [Fact]
    public void A_key_that_comes_back_joins_the_end_of_the_round()
    {
        var queue = Filled(("a", 1), ("b", 2), ("b", 3));
        Assert.Equal(1, queue.Dequeue());
        queue.Enqueue("a", 4);
        Assert.Equal([2, 4, 3], Empty(queue));
    }

    [Fact]
    public void Removing_keeps_the_order_and_the_count_of_the_others()
    {
        var queue = Filled(("a", 1), ("a", 2), ("b", 3), ("a", 4), ("c", 6));
        var removed = new List<int>();
        queue.RemoveWhere(item => item is 2 or 3, removed);
        Assert.Equal([2, 3], removed);
        Assert.Equal(3, queue.Count);
        Assert.Equal([1, 6, 4], Empty(queue));
    }

    private static FairQueue<int> Filled(params (string Key, int Item)[] items)
    {
        var queue = new FairQueue<int>();
        foreach (var (key, item) in items)
            queue.Enqueue(key, item);
        return queue;
    }

    private static List<int> Empty(FairQueue<int> queue)
    {
        var items = new List<int>();
        while (queue.TryPeek(out var next))
        {
            Assert.Equal(next, queue.Dequeue());
            items.Add(next);
        }
        Assert.Equal(0, queue.Count);
        return items;
    }
}
