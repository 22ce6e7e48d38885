namespace Milliways.Exchanges.Relays;

/// <summary>Finds the elements of a JSON array that comes in pieces, each looked at once. Elements are objects; what stands between them is nobody's.</summary>
internal struct JsonElements
{
    private int _at;
    private int _start;
    private int _depth;
    private bool _inText;
    private bool _isEscaped;

    /// <summary>Something came, and it begins no array.</summary>
    public bool IsNone { get; private set; }

    /// <summary>Its bracket has closed.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>The next element that is whole; false: more must come, or there is none.</summary>
    /// <param name="unread">What was not <see cref="Advance">consumed</see> yet, from its beginning.</param>
    /// <param name="element">Where it stands in it.</param>
    public bool TryRead(ReadOnlySpan<byte> unread, out Range element)
    {
        element = default;
        for (; _at < unread.Length && !HasEnded && !IsNone; _at++)
        {
            var one = unread[_at];
            if (_isEscaped)
                _isEscaped = false;
            else if (_inText)
                (_isEscaped, _inText) = (one == '\\', one != '"');
            else if (one == '"')
                _inText = true;
            else if (one is (byte)'{' or (byte)'[')
            {
                IsNone = _depth == 0 && one != '[';
                if (_depth == 1)
                    _start = _at;
                _depth++;
            }
            else if (one is (byte)'}' or (byte)']')
            {
                _depth--;
                HasEnded = _depth == 0;
                if (_depth != 1)
                    continue;
                element = _start..++_at;
                return true;
            }
            else if (_depth == 0 && one is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n'))
                IsNone = true;
        }
        return false;
    }

    /// <summary>So much of what was unread is gone.</summary>
    public void Advance(int consumed) => (_at, _start) = (_at - consumed, _start - consumed);
}
