using System.Globalization;

namespace Milliways.Exchanges;

/// <summary>The head of a good answer: what every answer of the inference API carries (contract, "Headers").</summary>
internal static class AnswerHead
{
    public static void Apply(Exchange exchange, string contentType)
    {
        var response = exchange.Http.Response;
        if (response.HasStarted)
            return;
        var trailing = exchange.Trailing;
        (response.StatusCode, response.ContentType) = (exchange.AnswerStatus, trailing?.ContentType ?? contentType);
        var headers = response.Headers;
        if (exchange.Caller is not null && trailing is null && !exchange.Front.PassesAnswers)
        {
            headers.CacheControl = "no-cache, no-transform";
            headers["X-Accel-Buffering"] = "no";
        }
        Facts(exchange);
        foreach (var (name, value) in exchange.AnswerHeaders)
            headers[name] = value;
        if (trailing is null && exchange is { Bill: { } bill, Caller: null })
            headers["x-milliways-cost-ticks"] = bill.Charged.ToString(CultureInfo.InvariantCulture);
        if (exchange.Dropped.Count > 0)
            headers["x-milliways-dropped"] = HeaderText.Safe(string.Join(',', exchange.Dropped));
    }

    /// <summary>Who answered, and at which try; on errors too.</summary>
    public static void Facts(Exchange exchange)
    {
        var headers = exchange.Http.Response.Headers;
        if (exchange.Answering is not null)
            headers["x-milliways-upstream"] = HeaderText.Safe(exchange.Answering.Label);
        if (exchange.Attempts > 0)
            headers["x-milliways-attempts"] = Count(exchange.Attempts);
    }

    /// <summary>The same behind an answer whose head went out before it was known; nothing of what the head has.</summary>
    public static void Late(Exchange exchange)
    {
        if (exchange.Answering is null)
            return;
        Tell(exchange, "x-milliways-upstream", HeaderText.Safe(exchange.Answering.Label));
        Tell(exchange, "x-milliways-attempts", Count(exchange.Attempts));
        if (exchange.Dropped.Count > 0)
            Tell(exchange, "x-milliways-dropped", HeaderText.Safe(string.Join(',', exchange.Dropped)));
    }

    private static void Tell(Exchange exchange, string name, string value)
    {
        var response = exchange.Http.Response;
        if (response.Headers[name] != value)
            response.AppendTrailer(name, value);
    }

    private static string Count(int attempts) => attempts == 1 ? "1" : attempts.ToString(CultureInfo.InvariantCulture);
}
