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
        (response.StatusCode, response.ContentType) = (exchange.AnswerStatus, contentType);
        var headers = response.Headers;
        if (exchange.Caller is not null && !exchange.Front.PassesAnswers)
        {
            headers.CacheControl = "no-cache, no-transform";
            headers["X-Accel-Buffering"] = "no";
        }
        Facts(exchange);
        foreach (var (name, value) in exchange.AnswerHeaders)
            headers[name] = value;
        if (exchange is { Bill: { } bill, Caller: null })
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
            headers["x-milliways-attempts"] = exchange.Attempts == 1 ? "1" : exchange.Attempts.ToString(CultureInfo.InvariantCulture);
    }
}
