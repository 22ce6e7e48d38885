using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;

namespace Milliways.Exchanges.Relays;

/// <summary>Makes the caller's writer over the buffer it shall write to; the model is the upstream's own word, or null.</summary>
internal delegate IStreamWriter StreamWriterFactory(IBufferWriter<byte> output, string? model);

/// <summary>A stream of another dialect: upstream reader -> neutral events -> caller's writer.</summary>
internal sealed class CrossRelay : IRelay, IChatEventSink
{
    private readonly SseReader _frames = new();
    private readonly IStreamReader _reader;
    private readonly StreamWriterFactory _newWriter;
    private readonly IChatEventSink _events;
    private readonly Target _target = new();
    private IStreamWriter? _writer;
    private Meter? _meter;

    /// <param name="reader">Of the upstream's dialect.</param>
    /// <param name="newWriter">Makes the caller's writer, once the upstream has said which model answers.</param>
    /// <param name="names">Gives the caller its own tool names back where the upstream could not take them.</param>
    public CrossRelay(IStreamReader reader, StreamWriterFactory newWriter, ToolNames names) =>
        (_reader, _newWriter, _events) = (reader, newWriter, names.Restoring(this));

    public bool NeedsWholeBody => false;

    public RelayState State { get; private set; }

    public Failure? Failure { get; private set; }

    public bool HasContent { get; private set; }

    public int ContentEvents { get; private set; }

    public string ContentType => "text/event-stream";

    public int Feed(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter)
    {
        (_target.Current, _meter) = (caller, meter);
        var consumed = 0;
        while (State == RelayState.Open && _frames.TryReadFrame(upstream[consumed..], out var frame))
        {
            consumed += frame.Length;
            _reader.Read(frame, _events);
        }
        if (State == RelayState.Open && _frames.Failure is { } tooLarge)
            (State, Failure) = (RelayState.Failed, tooLarge);
        if (State == RelayState.Open && endOfBody)
        {
            if (_frames.TryReadLast(upstream[consumed..], out var last))
                _reader.Read(last, _events);
            if (State == RelayState.Open)
                _reader.EndOfBody(_events);
            consumed = upstream.Length;
        }
        _target.Current = null;
        return consumed;
    }

    public void WriteTail(IBufferWriter<byte> caller)
    {
        _target.Current = caller;
        _writer?.WriteTail(caller);
    }

    public bool WriteFailure(Failure failure, IBufferWriter<byte> caller)
    {
        _target.Current = caller;
        return _writer?.WriteFailure(failure, caller) == true;
    }

    void IChatEventSink.On(ChatEvent chatEvent)
    {
        switch (chatEvent)
        {
            case ChatEvent.Failed failed:
                (State, Failure) = (RelayState.Failed, failed.Failure);
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
                break;
        }
        _writer ??= _newWriter(_target, (chatEvent as ChatEvent.Started)?.Model);
        _writer.On(chatEvent);
    }

    /// <summary>The writer lives as long as the answer; where its bytes go changes at the content commit.</summary>
    private sealed class Target : IBufferWriter<byte>
    {
        public IBufferWriter<byte>? Current { get; set; }

        public void Advance(int count) => Current!.Advance(count);

        public Memory<byte> GetMemory(int sizeHint = 0) => Current!.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => Current!.GetSpan(sizeHint);
    }
}
