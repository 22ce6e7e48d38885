using System.Globalization;
using Milliways.Dialects.Chat;
using Milliways.Routing.Retries;

namespace Milliways.Exchanges.Attempts;

/// <summary>
/// How long a caller waits for the first part of one try's answer: the first bytes of its body, or the head of a refusal. When they have not come in time the try
/// is ended; what has begun to come is never cut.
/// </summary>
internal sealed class FirstPart : IDisposable
{
    private readonly Lock _one = new();
    private readonly ITimer _timer;
    private bool _isOver;

    public FirstPart(Exchange exchange, string upstream, TimeSpan limit, TimeProvider time)
    {
        var late = new Failure(FailureKind.Timeout, FailureParty.Upstream, FailureRules.FirstPartStage,
            string.Create(CultureInfo.InvariantCulture, $"The upstream {upstream} did not begin to answer within the request time-out of {limit.TotalMilliseconds:0} ms."));
        _timer = time.CreateTimer(_ =>
        {
            // Under the lock, so that it never ends a try that comes behind this one.
            lock (_one)
                if (!_isOver)
                {
                    _isOver = true;
                    exchange.Stop(late);
                }
        }, null, limit, Timeout.InfiniteTimeSpan);
    }

    public void Came()
    {
        lock (_one)
            _isOver = true;
        _timer.Dispose();
    }

    public void Dispose() => Came();
}
