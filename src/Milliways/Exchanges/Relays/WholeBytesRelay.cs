using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Exchanges.Relays;

/// <summary>The value of an answer's <c>usage</c>; null when it says nothing.</summary>
internal delegate ChatUsage? UsageOfBytes(ReadOnlySpan<byte> json);

/// <summary>Bytes of the text in an answer.</summary>
internal delegate long TextOfBytes(ReadOnlySpan<byte> json);

/// <summary>
/// A whole answer of the same dialect: the upstream's bytes, once it is certain that they are an answer. A 200 that is none (HTML, nothing, an error
/// object) is a failure of the upstream (contract).
/// </summary>
/// <param name="mark">The member that every answer of this kind has, such as <c>choices</c>.</param>
/// <param name="readUsage">Reads the value of <c>usage</c>.</param>
/// <param name="countText">Counts the answer's text when no usage came with it; null: it has none.</param>
internal sealed class WholeBytesRelay(string mark, UsageOfBytes readUsage, TextOfBytes? countText = null) : IRelay
{
    private byte[] _answer = [];

    /// <summary>Where the usage stands in it, as an object; null: nowhere.</summary>
    private Range? _usage;

    public bool NeedsWholeBody => true;

    public RelayState State { get; private set; }

    public Failure? Failure { get; private set; }

    public bool HasContent => State == RelayState.Complete;

    public string ContentType => "application/json";

    public int Feed(ReadOnlySpan<byte> upstream, bool endOfBody, IBufferWriter<byte> caller, Meter meter)
    {
        try
        {
            if (IsAnswer(upstream, meter))
            {
                _answer = upstream.ToArray();
                if (meter.Source == UsageSource.None && !meter.IsIdle && countText is not null)
                    meter.Count(countText(upstream));
                State = RelayState.Complete;
            }
        }
        catch (JsonException)
        {
            // Answered below: not JSON is no answer.
        }
        if (State != RelayState.Complete)
            (State, Failure) = (RelayState.Failed, Failure.Broken("body", "The upstream answered 200 with a body that is no answer."));
        return upstream.Length;
    }

    public void WriteTail(IBufferWriter<byte> caller, long? cost = null)
    {
        if (cost is { } ticks && _usage is { } usage)
            CostEdit.Write(_answer, usage, ticks, caller);
        else
            caller.Write(_answer);
    }

    private bool IsAnswer(ReadOnlySpan<byte> body, Meter meter)
    {
        var skipped = body.StartsWith("\uFEFF"u8) ? 3 : 0; // passed on as it came
        var reader = new Utf8JsonReader(body[skipped..], new JsonReaderOptions { MaxDepth = 256 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return false;
        var marked = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMark = reader.ValueTextEquals(mark);
            var isUsage = reader.ValueTextEquals("usage"u8);
            reader.Read();
            marked |= isMark && reader.TokenType != JsonTokenType.Null;
            var (start, isObject) = (skipped + (int)reader.TokenStartIndex, reader.TokenType == JsonTokenType.StartObject);
            reader.Skip();
            if (!isUsage)
                continue;
            var value = start..(skipped + (int)reader.BytesConsumed);
            if (isObject)
                _usage = value;
            if (readUsage(body[value]) is { } usage)
                meter.Report(usage);
        }
        while (reader.Read()) { } // trailing text is no answer
        return marked;
    }
}
