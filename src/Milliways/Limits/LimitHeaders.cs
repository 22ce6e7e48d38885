using System.Globalization;
using Milliways.Exchanges;
using Milliways.Limits.Counting;

namespace Milliways.Limits;

/// <summary>
/// What is left, with every answer: OpenAI's <c>x-ratelimit-*</c> with Go's durations (dialects 1.1; xai-api 1.15.6), Anthropic's <c>anthropic-ratelimit-*</c>
/// with moments of RFC 3339 (dialects 2.1). Of several limits the tightest is told; what is not limited is not mentioned.
/// </summary>
internal static class LimitHeaders
{
    private const string Iso = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    public static void Write(Exchange exchange, in LimitStanding standing, TimeProvider time)
    {
        var headers = exchange.Http.Response.Headers;
        if (exchange.Front.SpeaksAnthropic)
        {
            Anthropic(headers, "anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset", standing.Requests, time);
            Anthropic(headers, "anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset", standing.Tokens, time);
            return;
        }
        OpenAi(headers, "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests", standing.Requests, time);
        OpenAi(headers, "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens", standing.Tokens, time);
    }

    /// <summary>As Go writes a duration, rounded up to a millisecond: <c>20ms</c>, <c>1s</c>, <c>8.64s</c>, <c>6m0s</c>, <c>1h0m0s</c>.</summary>
    public static string GoDuration(TimeSpan time)
    {
        var all = (long)Math.Ceiling(time.TotalMilliseconds);
        if (all is > 0 and < 1000)
            return string.Create(CultureInfo.InvariantCulture, $"{all}ms");
        var (hours, minutes, seconds, rest) = (all / 3_600_000, all / 60_000 % 60, all / 1000 % 60, all % 1000);
        var fraction = rest == 0 ? "" : rest.ToString("'.'000", CultureInfo.InvariantCulture).TrimEnd('0');
        return hours > 0 ? string.Create(CultureInfo.InvariantCulture, $"{hours}h{minutes}m{seconds}{fraction}s")
            : minutes > 0 ? string.Create(CultureInfo.InvariantCulture, $"{minutes}m{seconds}{fraction}s")
            : string.Create(CultureInfo.InvariantCulture, $"{seconds}{fraction}s");
    }

    private static void OpenAi(IHeaderDictionary headers, string limit, string remaining, string reset, in WindowStanding standing, TimeProvider time)
    {
        if (standing.Limit == 0)
            return;
        Numbers(headers, limit, remaining, standing);
        headers[reset] = GoDuration(time.GetElapsedTime(0, standing.Reset));
    }

    private static void Anthropic(IHeaderDictionary headers, string limit, string remaining, string reset, in WindowStanding standing, TimeProvider time)
    {
        if (standing.Limit == 0)
            return;
        Numbers(headers, limit, remaining, standing);
        // A whole second that is not before the moment itself.
        var moment = time.GetUtcNow() + time.GetElapsedTime(0, standing.Reset) + TimeSpan.FromTicks(TimeSpan.TicksPerSecond - 1);
        headers[reset] = moment.ToString(Iso, CultureInfo.InvariantCulture);
    }

    private static void Numbers(IHeaderDictionary headers, string limit, string remaining, in WindowStanding standing)
    {
        headers[limit] = standing.Limit.ToString(CultureInfo.InvariantCulture);
        headers[remaining] = standing.Remaining.ToString(CultureInfo.InvariantCulture);
    }
}
