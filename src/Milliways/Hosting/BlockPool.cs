using System.Buffers;
using System.Collections.Concurrent;

namespace Milliways.Hosting;

/// <summary>
/// Blocks of one size for the sockets of the web server. A connection holds one only while bytes are in it, so few are out at a time; the last ones returned
/// on a thread are given first, because they are still in its processor's cache. Pinned for good: the kernel writes into them.
/// </summary>
internal sealed class BlockPool : MemoryPool<byte>
{
    public const int BlockBytes = 64 << 10;

    /// <summary>What is kept beyond a peak: 16 MiB; pages that no request was large enough to touch take no memory.</summary>
    public const int MostKept = 256;

    private const int MostOnThread = 8;

    [ThreadStatic]
    private static Block?[]? _near;

    [ThreadStatic]
    private static int _nearCount;

    private readonly ConcurrentQueue<Block> _kept = new();
    private int _keptCount;

    public override int MaxBufferSize => BlockBytes;

    /// <param name="minBufferSize">At most <see cref="MaxBufferSize"/>; every block has that.</param>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        if (_nearCount > 0)
        {
            var near = _near![--_nearCount]!;
            _near[_nearCount] = null;
            return near.Given();
        }
        if (!_kept.TryDequeue(out var block))
            return new Block(this).Given();
        Interlocked.Decrement(ref _keptCount);
        return block.Given();
    }

    protected override void Dispose(bool disposing) => _kept.Clear();

    private void Return(Block block)
    {
        var near = _near ??= new Block?[MostOnThread];
        if (_nearCount < near.Length)
            near[_nearCount++] = block;
        else if (Interlocked.Increment(ref _keptCount) <= MostKept)
            _kept.Enqueue(block);
        else
            Interlocked.Decrement(ref _keptCount);
    }

    /// <summary>Blocks are alike, whichever pool made them: one that is near a thread may go to another listener.</summary>
    private sealed class Block(BlockPool pool) : IMemoryOwner<byte>
    {
        private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);
        private int _isOut;

        public Memory<byte> Memory => _bytes;

        /// <summary>Out: it may come back once.</summary>
        public Block Given()
        {
            Volatile.Write(ref _isOut, 1);
            return this;
        }

        /// <summary>A second return is none: two who share a block would read each other's bytes.</summary>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOut, 0) != 0)
                pool.Return(this);
        }
    }
}
