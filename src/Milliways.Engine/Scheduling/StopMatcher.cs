using System.Text;

namespace Milliways.Engine.Scheduling;

/// <summary>
/// Watches a growing text for stop sequences. Text that may be the beginning of one is held back; the sequence that is complete first ends the text,
/// the longest of those complete at the same character. How the text is cut into pieces makes no difference.
/// </summary>
internal sealed class StopMatcher
{
    private readonly string[] _stops;
    private readonly int[][] _failures;
    private readonly int[] _matched;
    private readonly StringBuilder _held = new();

    internal StopMatcher(IReadOnlyList<string> stops)
    {
        _stops = [.. stops];
        _failures = Array.ConvertAll(_stops, FailureTable);
        _matched = new int[_stops.Length];
    }

    /// <summary>The stop sequence that was found. After that the matcher takes no more text.</summary>
    internal string? Found { get; private set; }

    /// <summary>Takes more text and answers what of the text so far is certainly no part of a stop sequence and was not answered before.</summary>
    internal string Append(ReadOnlySpan<char> text)
    {
        if (_stops.Length == 0)
            return text.IsEmpty ? "" : text.ToString();
        foreach (var c in text)
        {
            _held.Append(c);
            if (Advance(c) is { } stop)
            {
                Found = stop;
                return Release(_held.Length - stop.Length);
            }
        }
        return Release(_held.Length - Longest());
    }

    /// <summary>What was still held back when the text ended.</summary>
    internal string Flush() => Release(_held.Length);

    // Knuth-Morris-Pratt, one state for each stop sequence: how much of it the text now ends with.
    private string? Advance(char c)
    {
        string? found = null;
        for (var i = 0; i < _stops.Length; i++)
        {
            var (stop, failures, matched) = (_stops[i], _failures[i], _matched[i]);
            while (matched > 0 && stop[matched] != c)
                matched = failures[matched - 1];
            if (stop[matched] == c)
                matched++;
            if (matched == stop.Length)
            {
                if (found is null || stop.Length > found.Length)
                    found = stop;
                matched = failures[matched - 1];
            }
            _matched[i] = matched;
        }
        return found;
    }

    private int Longest()
    {
        var longest = 0;
        foreach (var matched in _matched)
            longest = Math.Max(longest, matched);
        return longest;
    }

    private string Release(int length)
    {
        if (length == 0)
            return "";
        var text = _held.ToString(0, length);
        _held.Remove(0, length);
        return text;
    }

    private static int[] FailureTable(string stop)
    {
        var failures = new int[stop.Length];
        for (int i = 1, matched = 0; i < stop.Length; i++)
        {
            while (matched > 0 && stop[matched] != stop[i])
                matched = failures[matched - 1];
            if (stop[matched] == stop[i])
                matched++;
            failures[i] = matched;
        }
        return failures;
    }
}
