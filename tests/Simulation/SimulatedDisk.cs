using Milliways.Credits.Journal;

namespace Milliways.Simulation;

/// <summary>
/// A disk with one file in memory. It knows what has been flushed and what only stands in the cache; after a crash any part of the latter may be there, in any
/// order, torn at any sector. A failed flush forgets what was to be written while reading still shows it, as Linux does.
/// </summary>
internal sealed class SimulatedDisk
{
    private const int Sector = 512, Block = 4096;
    private readonly List<(long At, byte[] Bytes)> _pending = [];
    private byte[] _cache;
    private byte[] _durable;

    public SimulatedDisk()
        : this([])
    {
    }

    private SimulatedDisk(byte[] image) => (_cache, _durable) = ((byte[])image.Clone(), image);

    /// <summary>What is appended goes past the cache in whole blocks, with zeros behind it, and is durable without a flush; torn it may be all the same.</summary>
    public bool IsDirect { get; init; }

    /// <summary>Asked before each operation ("write", "flush", "open"): what goes wrong, and how many bytes are written before it does.</summary>
    public Func<string, int, (Exception Fault, int Written)?>? Faults { get; set; }

    /// <summary>Told of each operation that was done.</summary>
    public Action<string>? Done { get; set; }

    /// <summary>What reading shows.</summary>
    public byte[] Image => (byte[])_cache.Clone();

    public IJournalFile Open()
    {
        if (Faults?.Invoke("open", 0) is { } fault)
            throw fault.Fault;
        return new OpenFile(this);
    }

    /// <summary>A disk as it may be after the power went.</summary>
    /// <param name="dice">A number below its argument.</param>
    public SimulatedDisk Crash(Func<int, int> dice)
    {
        var image = (byte[])_durable.Clone();
        foreach (var (at, bytes) in _pending)
            for (var offset = 0; offset < bytes.Length; offset += Sector)
                if (dice(2) == 0)
                    Put(ref image, at + offset, bytes.AsSpan(offset, Math.Min(Sector, bytes.Length - offset)));
        return new SimulatedDisk(image) { IsDirect = IsDirect };
    }

    /// <summary>A disk with everything up to the last operation, as after the end of the process alone.</summary>
    public SimulatedDisk Kill() => new(Image) { IsDirect = IsDirect };

    /// <summary>A disk as reading shows it, with some bytes changed.</summary>
    public SimulatedDisk With(Action<byte[]> change)
    {
        var image = Image;
        change(image);
        return new SimulatedDisk(image) { IsDirect = IsDirect };
    }

    private static void Put(ref byte[] image, long at, ReadOnlySpan<byte> bytes)
    {
        if (image.Length < at + bytes.Length)
            Array.Resize(ref image, (int)(at + bytes.Length));
        bytes.CopyTo(image.AsSpan((int)at));
    }

    private sealed class OpenFile(SimulatedDisk disk) : IJournalFile
    {
        public long Size => disk._cache.Length;

        public int Read(long at, Span<byte> into)
        {
            var there = (int)Math.Clamp(disk._cache.Length - at, 0, into.Length);
            disk._cache.AsSpan((int)Math.Min(at, disk._cache.Length), there).CopyTo(into);
            return there;
        }

        public void Write(long at, ReadOnlySpan<byte> bytes)
        {
            var fault = disk.Faults?.Invoke("write", bytes.Length);
            var written = fault is { } wrong ? bytes[..wrong.Written] : bytes;
            if (written.Length > 0)
            {
                disk._pending.Add((at, written.ToArray()));
                Put(ref disk._cache, at, written);
            }
            if (fault is { } told)
                throw told.Fault;
            disk.Done?.Invoke("write");
        }

        public void Flush()
        {
            var fault = disk.Faults?.Invoke("flush", disk._pending.Count);
            var flushed = fault is { } wrong ? wrong.Written : disk._pending.Count;
            foreach (var (at, bytes) in disk._pending.Take(flushed))
                Put(ref disk._durable, at, bytes);
            disk._pending.Clear();
            if (fault is { } told)
                throw told.Fault;
            disk.Done?.Invoke("flush");
        }

        public void Append(long at, ReadOnlySpan<byte> bytes)
        {
            if (disk.IsDirect)
                AppendBlocks(at, bytes);
            else
            {
                Write(at, bytes);
                Flush();
            }
        }

        public void Dispose()
        {
        }

        private void AppendBlocks(long at, ReadOnlySpan<byte> bytes)
        {
            var start = at / Block * Block;
            var blocks = new byte[(at - start + bytes.Length + Block - 1) / Block * Block];
            Read(start, blocks.AsSpan(0, (int)(at - start)));
            bytes.CopyTo(blocks.AsSpan((int)(at - start)));
            // The power may go in the middle of it: until it is done any sectors of it may be there.
            Write(start, blocks);
            disk._pending.RemoveAt(disk._pending.Count - 1);
            Put(ref disk._durable, start, blocks);
            disk.Done?.Invoke("append");
        }
    }
}
