using System.Buffers;
using Milliways.Hosting;

namespace Milliways.Tests.Hosting;

public sealed class BlockPoolTests
{
    [Fact]
    public void Every_block_is_large_whatever_was_asked_for()
    {
        using var pool = new BlockPool();
        using var block = pool.Rent(1);
        Assert.Equal(BlockPool.BlockBytes, block.Memory.Length);
        Assert.Equal(BlockPool.BlockBytes, pool.MaxBufferSize);
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(BlockPool.BlockBytes + 1));
    }

    [Fact]
    public void The_block_returned_last_is_given_first()
    {
        using var pool = new BlockPool();
        var (first, second) = (pool.Rent(), pool.Rent());
        first.Dispose();
        second.Dispose();
        Assert.Same(second, pool.Rent());
        Assert.Same(first, pool.Rent());
    }

    [Fact]
    public void Nobody_gets_a_block_that_another_one_holds()
    {
        using var pool = new BlockPool();
        var held = new HashSet<IMemoryOwner<byte>>(ReferenceEqualityComparer.Instance);
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 40; i++)
                Assert.True(held.Add(pool.Rent()));
            foreach (var block in held)
                block.Dispose();
            held.Clear();
        }
    }

    [Fact]
    public void After_a_peak_only_so_many_blocks_are_kept()
    {
        using var pool = new BlockPool();
        var peak = Enumerable.Range(0, BlockPool.MostKept + 100).Select(_ => pool.Rent()).ToList();
        peak.ForEach(block => block.Dispose());
        var known = peak.ToHashSet(ReferenceEqualityComparer.Instance);
        var again = Enumerable.Range(0, peak.Count).Count(_ => known.Contains(pool.Rent()));
        Assert.InRange(again, BlockPool.MostKept, BlockPool.MostKept + 8); // the few that stay near a thread come on top
    }
}
