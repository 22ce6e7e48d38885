using System.Diagnostics.CodeAnalysis;

namespace Milliways.Engine.Scheduling;

/// <summary>A waiting line in which each key's turn comes round alike, and first comes first within a key. For one thread at a time.</summary>
internal sealed class FairQueue<T>
{
    private readonly Dictionary<string, Queue<T>> _lines = new(StringComparer.Ordinal);
    private readonly LinkedList<string> _turns = [];

    internal int Count { get; private set; }

    internal void Enqueue(string key, T item)
    {
        if (!_lines.TryGetValue(key, out var line))
        {
            _lines[key] = line = new Queue<T>();
            _turns.AddLast(key);
        }
        line.Enqueue(item);
        Count++;
    }

    /// <summary>Whose turn it is.</summary>
    internal bool TryPeek([MaybeNullWhen(false)] out T item)
    {
        if (_turns.First is { } turn)
        {
            item = _lines[turn.Value].Peek();
            return true;
        }
        item = default;
        return false;
    }

    /// <summary>Takes the one whose turn it is; its key goes to the end of the round.</summary>
    internal T Dequeue()
    {
        var turn = _turns.First ?? throw new InvalidOperationException("nobody waits");
        _turns.RemoveFirst();
        var line = _lines[turn.Value];
        var item = line.Dequeue();
        if (line.Count > 0)
            _turns.AddLast(turn);
        else
            _lines.Remove(turn.Value);
        Count--;
        return item;
    }

    /// <summary>Takes out, and hands over, all that the test holds for; the order of the others stays.</summary>
    internal void RemoveWhere(Predicate<T> test, List<T> removed)
    {
        for (var turn = _turns.First; turn is not null;)
        {
            var next = turn.Next;
            var line = _lines[turn.Value];
            for (var left = line.Count; left > 0; left--)
            {
                var item = line.Dequeue();
                if (test(item))
                    removed.Add(item);
                else
                    line.Enqueue(item);
            }
            if (line.Count == 0)
            {
                _lines.Remove(turn.Value);
                _turns.Remove(turn);
            }
            turn = next;
        }
        Count = 0;
        foreach (var line in _lines.Values)
            Count += line.Count;
    }
}
