using Milliways.Exchanges;

namespace Milliways.Gateway;

/// <summary>The ids that every answer of a gateway address carries (cloudflare 2.2). The log's is the request's own UUIDv7, so that either finds the other.</summary>
internal static class GatewayIds
{
    public const string LogId = "cf-aig-log-id";
    public const string EventId = "cf-aig-event-id";
    public const string RequestId = "cf-aig-request-id";
    public const string Step = "cf-aig-step";

    /// <summary>Of answers that a cache may have.</summary>
    public const string CacheStatus = "cf-aig-cache-status";

    public static string Of(HttpContext http)
    {
        var id = RequestIds.Of(http);
        return RequestIds.GuidOf(id)?.ToString("D") ?? id;
    }

    public static void Put(HttpContext http, string id, string eventId)
    {
        var headers = http.Response.Headers;
        headers[LogId] = id;
        headers[EventId] = HeaderText.Safe(eventId);
        headers[RequestId] = id;
        headers[Step] = "0";
    }
}
