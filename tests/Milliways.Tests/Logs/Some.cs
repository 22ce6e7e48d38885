using Milliways.Logs;

namespace Milliways.Tests.Logs;

/// <summary>Entries out of nothing.</summary>
internal static class Some
{
    public static LogEntry Entry(string team) => new()
    {
        Id = Guid.CreateVersion7().ToString("D"), RequestId = "req_" + Guid.CreateVersion7().ToString("N"), EventId = "e", CreatedAt = TimeProvider.System.GetUtcNow(), Team = team,
        ModelType = "chat", RequestType = "http", Method = "POST", Path = "/v1/chat/completions", StatusCode = 200, Success = true, Duration = 5, Ending = "completed",
    };

    public static async Task<List<LogEntry>> WriteAsync(LogStore store, string team, int count, DateTimeOffset created, string? tag = null)
    {
        var entries = Enumerable.Range(0, count).Select(i => Entry(team) with { CreatedAt = created.AddMilliseconds(i), MetadataEntries = tag is null ? [] : [("tag", tag)] }).ToList();
        foreach (var batch in entries.Chunk(1000))
            await store.WriteAsync([.. batch.Select(entry => (entry, (LogPayload?)null, new LogPolicy(true, false)))]);
        return entries;
    }
}
