using System.Buffers;
using System.Text;
using Milliways.Dialects.Chat;

namespace Milliways.Exchanges.Relays;

/// <summary>Makes the caller's writer over the buffer it shall write to; the model is the upstream's own word, or null.</summary>
internal delegate IStreamWriter StreamWriterFactory(IBufferWriter<byte> output, string? model);

/// <summary>Neutral events, wherever they are read from, to a stream in the caller's dialect.</summary>
internal abstract class EventRelay : IRelay, IChatEventSink
{
    private readonly StreamWriterFactory _newWriter;
    private readonly Target _target = new();
    private IStreamWriter? _writer;
    private Meter? _meter;

    /// <param name="newWriter">Makes the caller's writer, once the upstream has said which model answers.</param>
    /// <param name="names">Gives the caller its own tool names back where the upstream could not take them.</param>
    protected EventRelay(StreamWriterFactory newWriter, ToolNames names) => (_newWriter, Events) = (newWriter, names.Restoring(this));

    public virtual bool NeedsWholeBody => false;

    public RelayState State { get; private set; }

    public Failure? Failure { get; private set; }

    public bool HasContent { get; private set; }

    public int ContentEvents { get; private set; }

    public string ContentType => "text/event-stream";

    /// <summary>Where a reader puts its events.</summary>
    protected IChatEventSink Events { get; }

    public int Feed(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter)
    {
        (_target.Current, _meter) = (caller, meter);
        var consumed = Read(upstream, endOfBody);
        _target.Current = null;
        return consumed;
    }

    public void WriteTail(IBufferWriter<byte> caller, long? cost = null)
    {
        _target.Current = caller;
        _writer?.WriteTail(caller, costTicks: cost);
    }

    public bool WriteFailure(Failure failure, IBufferWriter<byte> caller)
    {
        _target.Current = caller;
        return _writer?.WriteFailure(failure, caller) == true;
    }

    /// <summary>Gives the events of these bytes; returns how many of them it consumed.</summary>
    protected abstract int Read(ReadOnlySpan<byte> upstream, bool endOfBody);

    protected void Fail(Failure failure) => (State, Failure) = (RelayState.Failed, failure);

    void IChatEventSink.On(ChatEvent chatEvent)
    {
        switch (chatEvent)
        {
            case ChatEvent.Failed failed:
                Fail(failed.Failure);
                return;
            case ChatEvent.Completed:
                State = RelayState.Complete;
                HasContent = true;
                break;
            case ChatEvent.UsageReported usage:
                _meter!.Report(usage.Usage);
                break;
            case not ChatEvent.Started:
                HasContent = true;
                ContentEvents++;
                if (!_meter!.IsIdle)
                    _meter.Count(BytesOf(chatEvent));
                break;
        }
        _writer ??= _newWriter(_target, (chatEvent as ChatEvent.Started)?.Model);
        _writer.On(chatEvent);
        if (_writer.Failure is { } unwritable)
            Fail(unwritable);
    }

    private static long BytesOf(ChatEvent chatEvent) => chatEvent switch
    {
        ChatEvent.TextDelta delta => Encoding.UTF8.GetByteCount(delta.Text),
        ChatEvent.ReasoningDelta delta => Encoding.UTF8.GetByteCount(delta.Text),
        ChatEvent.RefusalDelta delta => Encoding.UTF8.GetByteCount(delta.Text),
        ChatEvent.ToolCallStarted call => Encoding.UTF8.GetByteCount(call.Name),
        ChatEvent.ToolCallDelta delta => Encoding.UTF8.GetByteCount(delta.Arguments),
        _ => 0,
    };

    /// <summary>The writer lives as long as the answer; where its bytes go changes at the content commit.</summary>
    private sealed class Target : IBufferWriter<byte>
    {
        public IBufferWriter<byte>? Current { get; set; }

        public void Advance(int count) => Current!.Advance(count);

        public Memory<byte> GetMemory(int sizeHint = 0) => Current!.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => Current!.GetSpan(sizeHint);
    }
}
