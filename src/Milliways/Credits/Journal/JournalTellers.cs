using Milliways.Hosting;
using Milliways.Linux.Sockets;

namespace Milliways.Credits.Journal;

/// <summary>
/// Tells those whose records a batch had. Each goes on with the end of its answer at once, a few of them after each other on one thread of those that serve the
/// sockets: a hop for each of them would cost more than the journal does, and more threads than processors would only take turns.
/// </summary>
internal static class JournalTellers
{
    private const int Together = 8;

    public static void Tell(IReadOnlyList<IJournalWaiter> waiters)
    {
        var together = Math.Max(Together, (waiters.Count + Environment.ProcessorCount - 1) / Environment.ProcessorCount);
        for (var at = 0; at < waiters.Count; at += together)
        {
            var group = new Group(waiters, at, Math.Min(at + together, waiters.Count));
            if (KestrelSetup.OwnSockets)
                EventLoop.Post(group);
            else
                ThreadPool.UnsafeQueueUserWorkItem(group, preferLocal: false);
        }
    }

    private sealed class Group(IReadOnlyList<IJournalWaiter> waiters, int from, int end) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            for (var i = from; i < end; i++)
                waiters[i].Tell();
        }
    }
}
