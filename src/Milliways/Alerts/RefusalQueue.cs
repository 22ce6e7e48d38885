using System.Collections.Concurrent;
using System.Threading.Channels;
using Milliways.Credits;
using Milliways.Hosting.Configuration;

namespace Milliways.Alerts;

/// <summary>A refusal on its way to becoming an alert.</summary>
/// <param name="Payer">Whose request it was; nobody's when it is about a model.</param>
/// <param name="Why">Null: the model has no price.</param>
/// <param name="At">When it was refused.</param>
/// <param name="Model">As the caller named it, when it has no price.</param>
/// <param name="Upstream">The first that would have been asked.</param>
internal readonly record struct RefusedRequest(Payer Payer, HoldRefusal? Why, DateTimeOffset At, string? Model = null, string? Upstream = null);

/// <summary>
/// Takes refusals off the path of answers: bounded, and lossy when it is full, which is counted. The same refusal comes through once a minute, so a caller who
/// is refused a thousand times a second costs one lookup each; and what was lost comes again with the next one.
/// </summary>
internal sealed class RefusalQueue(ConfigState config, TimeProvider time) : ICreditEvents
{
    internal const int Most = 1024;

    private readonly Channel<RefusedRequest> _queue = Channel.CreateBounded<RefusedRequest>(new BoundedChannelOptions(Most) { SingleReader = true });
    private ConcurrentDictionary<(Guid, Guid, string?, HoldRefusal?), bool> _seen = new();
    private long _minute;
    private long _lost;
    private int _kinds;

    public ChannelReader<RefusedRequest> Reader => _queue.Reader;

    /// <summary>How many found the queue full.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    public void Refused(Payer payer, HoldRefusal refusal)
    {
        if (refusal != HoldRefusal.Unavailable && config.InEffect.Alerts is not null)
            Add((payer.Team, payer.Key, payer.Gateway, refusal), new RefusedRequest(payer, refusal, time.GetUtcNow()));
    }

    public void Unpriced(string model, string upstream)
    {
        if (config.InEffect.Alerts is not null)
            Add((Guid.Empty, Guid.Empty, upstream, null), new RefusedRequest(Payer.Nobody, null, time.GetUtcNow(), model, upstream));
    }

    private void Add((Guid, Guid, string?, HoldRefusal?) kind, in RefusedRequest refused)
    {
        var minute = refused.At.UtcTicks / TimeSpan.TicksPerMinute;
        if (Interlocked.Exchange(ref _minute, minute) != minute)
            (_seen, _kinds) = (new(), 0);
        if (_seen.ContainsKey(kind))
            return;
        // What is not remembered is queued too often, never too rarely.
        var isNew = Interlocked.Increment(ref _kinds) > Most || _seen.TryAdd(kind, true);
        if (!isNew || _queue.Writer.TryWrite(refused))
            return;
        Interlocked.Increment(ref _lost);
        _seen.TryRemove(kind, out _);
    }
}
