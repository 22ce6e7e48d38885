using System.Collections.Concurrent;
using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>
/// Tells the operator which requests failed, whose fault it was and at which stage. Of one kind (upstream and stage) there are at most
/// <see cref="Lines"/> lines in <see cref="Window"/>, then one that says how many more there were: an upstream that dies under load leaves a log that can be read.
/// </summary>
internal sealed class FailureLog(TimeProvider time, ILogger<FailureLog> log)
{
    public const int Lines = 20;

    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    /// <summary>Kinds of the last <see cref="Window"/>; neither models nor messages are among what tells them apart, since callers choose those.</summary>
    private readonly ConcurrentDictionary<(string? Upstream, string Stage), Kind> _kinds = [];

    /// <summary>An upstream's words may have the key in them that it was called with, so they are searched for it.</summary>
    public void Add(Exchange exchange, Failure failed)
    {
        if (!log.IsEnabled(LogLevel.Warning) || !IsTold(exchange.Answering?.Upstream.Name, failed.Stage))
            return;
        log.LogWarning("{Request} {Upstream} failed at {Stage}: {Message}",
            exchange.RequestId, exchange.Answering?.Label ?? "-", failed.Stage, exchange.Secrets.Redactor(exchange.Http.Request).Text(failed.Message));
    }

    private bool IsTold(string? upstream, string stage)
    {
        while (true)
        {
            var kind = _kinds.GetOrAdd((upstream, stage), static _ => new Kind());
            var count = kind.Count();
            if (count == 1)
                kind.Ends = time.CreateTimer(_ => Close((upstream, stage), kind), null, Window, Timeout.InfiniteTimeSpan);
            if (count > 0)
                return count <= Lines;
        }
    }

    private void Close((string? Upstream, string Stage) name, Kind kind)
    {
        _kinds.TryRemove(new(name, kind));
        if (kind.Close() - Lines is var more and > 0)
            log.LogWarning("{More} more failed at {Stage} of {Upstream} within {Seconds} s", more, name.Stage, name.Upstream ?? "-", Window.TotalSeconds);
        kind.Ends?.Dispose();
    }

    /// <summary>How many of a kind there were in its window, which ends once.</summary>
    private sealed class Kind
    {
        private int _count;

        public ITimer? Ends { get; set; }

        /// <summary>Counts one more. Returns how many there are now, or a negative number when the window has ended.</summary>
        public int Count() => Interlocked.Increment(ref _count);

        /// <summary>Ends the window. Returns how many there were.</summary>
        public int Close() => Interlocked.Exchange(ref _count, int.MinValue / 2);
    }
}
