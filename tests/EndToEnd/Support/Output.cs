using System.Text;

namespace Milliways.EndToEnd.Support;

/// <summary>What a process writes, line by line; a test can wait for a line.</summary>
internal sealed class Output
{
    private readonly Lock _one = new();
    private readonly StringBuilder _text = new();
    private readonly List<(string Wanted, TaskCompletionSource<string> Seen)> _waiting = [];

    public string Text
    {
        get
        {
            lock (_one)
                return _text.ToString();
        }
    }

    public void Add(string? line)
    {
        if (line is null)
            return;
        lock (_one)
        {
            _text.Append(line).Append('\n');
            foreach (var (wanted, seen) in _waiting)
                if (line.Contains(wanted, StringComparison.Ordinal))
                    seen.TrySetResult(line);
        }
    }

    /// <summary>Completes with the first line that holds the text, past or future.</summary>
    public Task<string> LineAsync(string wanted)
    {
        lock (_one)
        {
            var past = _text.ToString().Split('\n').FirstOrDefault(line => line.Contains(wanted, StringComparison.Ordinal));
            if (past is not null)
                return Task.FromResult(past);
            var seen = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((wanted, seen));
            return seen.Task;
        }
    }
}
