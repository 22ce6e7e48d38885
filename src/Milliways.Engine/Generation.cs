using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Milliways.Engine.Scheduling;

namespace Milliways.Engine;

/// <summary>
/// A running or waiting generation. The engine never waits for its reader: unread events stay in memory, bounded by the request's tokens.
/// </summary>
public sealed class Generation
{
    private readonly Channel<GenerationEvent> _events = Channel.CreateUnbounded<GenerationEvent>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = false });

    private readonly DecodeLoop _loop;
    private int _cancelled;

    internal Generation(DecodeLoop loop, int promptTokens)
    {
        _loop = loop;
        PromptTokens = promptTokens;
    }

    public int PromptTokens { get; }

    /// <summary>The events, once. The last one is <see cref="GenerationEvent.Ended"/> or <see cref="GenerationEvent.Failed"/>.</summary>
    public ChannelReader<GenerationEvent> Events => _events.Reader;

    internal bool IsCancelled => Volatile.Read(ref _cancelled) != 0;

    /// <summary>Reads the events; leaving the enumeration early cancels the generation.</summary>
    public async IAsyncEnumerable<GenerationEvent> ReadAllAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        try
        {
            await foreach (var happening in _events.Reader.ReadAllAsync(cancel).ConfigureAwait(false))
                yield return happening;
        }
        finally
        {
            Cancel();
        }
    }

    /// <summary>Stops the work within one step; its choices finish as cancelled. Does nothing the second time or after the end.</summary>
    public void Cancel()
    {
        if (Interlocked.Exchange(ref _cancelled, 1) == 0 && !_events.Reader.Completion.IsCompleted)
            _loop.NoticeCancel();
    }

    // The registration goes when the generation ends, or a long-lived token would keep every generation it ever had.
    internal void CancelWith(CancellationToken cancel)
    {
        if (!cancel.CanBeCanceled)
            return;
        var registration = cancel.UnsafeRegister(static generation => ((Generation)generation!).Cancel(), this);
        _ = _events.Reader.Completion.ContinueWith(
            static (_, registration) => ((CancellationTokenRegistration)registration!).Unregister(), registration,
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    internal void Write(GenerationEvent happening) => _events.Writer.TryWrite(happening);

    internal void End(GenerationEvent last)
    {
        _events.Writer.TryWrite(last);
        _events.Writer.TryComplete();
    }
}
