using System.Threading.Channels;

namespace Milliways.Logs;

/// <summary>Between exchanges and the writer: bounded, and what does not fit is lost and counted. Nobody ever waits here.</summary>
/// <param name="most">Entries that may wait.</param>
internal sealed class LogQueue(int most = LogQueue.Usual)
{
    /// <summary>At a few KiB each, a store that is away costs some MiB.</summary>
    public const int Usual = 8192;

    private readonly Channel<LogItem> _items = Channel.CreateBounded<LogItem>(new BoundedChannelOptions(most) { SingleReader = true });
    private long _lost;

    public int Most => most;

    public ChannelReader<LogItem> Reader => _items.Reader;

    /// <summary>Entries that were never written, since the start of the process.</summary>
    public long Lost => Volatile.Read(ref _lost);

    public void Add(LogItem item)
    {
        if (_items.Writer.TryWrite(item))
            return;
        item.Dispose();
        Lose(1);
    }

    public void Lose(int entries) => Interlocked.Add(ref _lost, entries);

    /// <summary>Nothing comes any more.</summary>
    public void End() => _items.Writer.TryComplete();
}
