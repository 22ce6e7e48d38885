using Milliways.Credits;
using Milliways.Storage;

namespace Milliways.Billing;

/// <summary>Answers questions about usage from the hourly sums; everything durable is in the books first.</summary>
internal sealed class UsageAnalytics(LedgerDatabase database, Bookkeeping books)
{
    public async Task<List<UsagePoint>> RunAsync(UsageQuery query, CancellationToken cancel)
    {
        await books.Folder.CatchUpAsync(cancel);
        return await database.ReadAsync(query.Run);
    }
}
