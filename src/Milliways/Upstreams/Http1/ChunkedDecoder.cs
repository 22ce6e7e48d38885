namespace Milliways.Upstreams.Http1;

/// <summary>
/// Takes the framing off a body in chunks (RFC 9112 §7.1), whatever pieces it comes in. Extensions and trailers are read over. Line ends may lack their CR, as RFC 9112 §2.2
/// lets a recipient accept.
/// </summary>
internal struct ChunkedDecoder
{
    /// <summary>Bytes that a size's line, or all trailers together, may have: nobody sends more, and nothing shall be read over without end.</summary>
    private const int MostFraming = 16 << 10;

    /// <summary>Hexadecimal digits of a size that cannot overflow.</summary>
    private const int MostDigits = 15;

    private State _state;
    private long _left;
    private int _digits;
    private int _framing;

    private enum State { Size, SizeLine, Data, AfterData, AfterDataLineFeed, TrailerLine, InTrailer, LastLineFeed, Done }

    /// <summary>The last chunk and its trailers were read.</summary>
    public readonly bool IsDone => _state == State.Done;

    /// <summary>Decodes until <paramref name="raw"/> is used up, <paramref name="into"/> is full or the body has ended. The two may begin at the same place.</summary>
    /// <returns>Bytes of <paramref name="raw"/> that were used, and bytes of the body that were written.</returns>
    /// <exception cref="InvalidDataException">It is no body in chunks.</exception>
    public (int Used, int Written) Decode(ReadOnlySpan<byte> raw, Span<byte> into)
    {
        var (used, written) = (0, 0);
        while (used < raw.Length && _state != State.Done)
        {
            if (_state != State.Data)
            {
                Step(raw[used++]);
                continue;
            }
            var part = (int)Math.Min(_left, Math.Min(raw.Length - used, into.Length - written));
            if (part == 0)
                break;
            raw.Slice(used, part).CopyTo(into[written..]);
            (used, written, _left) = (used + part, written + part, _left - part);
            if (_left == 0)
                _state = State.AfterData;
        }
        return (used, written);
    }

    /// <summary>One byte of what stands around the data.</summary>
    private void Step(byte next)
    {
        if (_state is State.SizeLine or State.TrailerLine or State.InTrailer && ++_framing > MostFraming)
            throw new InvalidDataException("What stands around a chunk is too long.");
        _state = (_state, next) switch
        {
            (State.Size, _) => Size(next),
            (State.SizeLine, (byte)'\n') => SizeEnd(),
            (State.SizeLine, _) => State.SizeLine,
            (State.AfterData, (byte)'\r') => State.AfterDataLineFeed,
            (State.AfterData or State.AfterDataLineFeed, (byte)'\n') => State.Size,
            (State.TrailerLine, (byte)'\r') => State.LastLineFeed,
            (State.TrailerLine or State.LastLineFeed, (byte)'\n') => State.Done,
            (State.InTrailer, (byte)'\n') => State.TrailerLine,
            (State.TrailerLine or State.InTrailer, _) => State.InTrailer,
            _ => throw new InvalidDataException("A chunk does not end where its size says."),
        };
    }

    private State Size(byte next)
    {
        var digit = HexDigit(next);
        if (digit >= 0)
        {
            if (++_digits > MostDigits)
                throw new InvalidDataException("A chunk's size is too large.");
            _left = (_left << 4) | (uint)digit;
            return State.Size;
        }
        if (_digits == 0 || next is not ((byte)'\r' or (byte)'\n' or (byte)';' or (byte)' ' or (byte)'\t'))
            throw new InvalidDataException("A chunk has no size.");
        return next == '\n' ? SizeEnd() : State.SizeLine;
    }

    private State SizeEnd()
    {
        (_digits, _framing) = (0, 0);
        return _left == 0 ? State.TrailerLine : State.Data;
    }

    private static int HexDigit(byte next) => next switch
    {
        >= (byte)'0' and <= (byte)'9' => next - '0',
        >= (byte)'a' and <= (byte)'f' => next - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => next - 'A' + 10,
        _ => -1,
    };
}
