using Milliways.Limits;
using Milliways.Limits.Counting;

namespace Milliways.Simulation;

/// <summary>What was let in by all servers, by brute force: every booking with its moment, which is that of the decision.</summary>
internal sealed class ShareLog
{
    private readonly Dictionary<(ScopeName Scope, Measure Measure), List<Booking>> _windows = [];

    public int Count { get; private set; }

    /// <summary>What no limit was in effect for is counted nowhere, whatever it was asked under.</summary>
    public void Admitted(ShareRequest request, TimeSpan at)
    {
        Count++;
        for (var i = 0; i < request.Held.Length; i++)
            for (var measure = Measure.RequestsPerSecond; measure < Measure.Concurrent; measure++)
                if (Measures.Of(request.AdmittedUnder[i].Limits, measure) is { } limit)
                    Of(request.Scopes[i].Name, measure).Add(new Booking(request, at, limit) { Asked = request.Held[i].Amount((int)measure), Amount = request.Held[i].Amount((int)measure) });
    }

    public void Lower(ShareRequest request, Func<long, long> to)
    {
        foreach (var (window, bookings) in _windows)
            foreach (var booking in bookings.Where(one => one.Request == request && (window.Measure == Measure.TokensPerMinute || to(1) == 0)))
                booking.Amount = to(booking.Amount);
    }

    /// <summary>The most that any window held, wherever it begins.</summary>
    public long Fullest(ScopeName scope, Measure measure) => Of(scope, measure) is { Count: > 0 } all ? all.Max(last => Sum(all, last, measure)) : 0;

    /// <summary>No window holds more than the limit that was in effect at its last admission.</summary>
    public void Check()
    {
        foreach (var ((scope, measure), bookings) in _windows)
            foreach (var last in bookings.Where(one => one.Asked > 0)) // who asks for nothing is let in however full a window is that was lowered
            {
                var limit = bookings.Where(one => one.At == last.At).Max(one => one.Limit);
                Claim.Must(Sum(bookings, last, measure) <= limit, $"{scope} {measure} at {last.At}: {Sum(bookings, last, measure)} of {limit}");
            }
    }

    private static long Sum(List<Booking> all, Booking last, Measure measure)
    {
        var length = TimeSpan.FromSeconds(Measures.Seconds(measure));
        return all.Where(one => one.At <= last.At && last.At - one.At < length).Sum(one => one.Amount);
    }

    private List<Booking> Of(ScopeName scope, Measure measure)
    {
        if (!_windows.TryGetValue((scope, measure), out var bookings))
            _windows.Add((scope, measure), bookings = []);
        return bookings;
    }

    private sealed class Booking(ShareRequest request, TimeSpan at, long limit)
    {
        public ShareRequest Request => request;

        public TimeSpan At => at;

        public long Limit => limit;

        public required long Asked { get; init; }

        /// <summary>What is left of it when it was corrected.</summary>
        public long Amount { get; set; }
    }
}
