namespace Milliways.Logs;

/// <summary>
/// Asks for what is new, again and again, and tells each entry once. Servers that write into one PostgreSQL commit out of order, so the last moments are asked
/// for again, and what was told of them is remembered.
/// </summary>
internal sealed class LogFollower(Func<LogsOf, Task<LogNews>> ask, LogsOf request)
{
    private readonly HashSet<long> _told = [];
    private LogsOf _request = request;

    public async Task<IReadOnlyList<LogEntry>> NextAsync()
    {
        var news = await ask(_request);
        _request = _request with { WrittenAfter = news.Next };
        var fresh = news.Entries.Where(entry => _told.Add(entry.Seq)).ToList();
        _told.RemoveWhere(seq => seq <= news.Next);
        return fresh;
    }
}
