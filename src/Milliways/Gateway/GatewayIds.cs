using System.Globalization;
using Microsoft.Extensions.Primitives;
using Milliways.Exchanges;
using Milliways.Gateway.Calls;

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

    /// <summary>An id of an entry in the log has only what makes one.</summary>
    public static void Put(HttpContext http, GatewayCall call)
    {
        var headers = http.Response.Headers;
        headers[LogId] = call.HasEntry ? call.LogId : default(StringValues);
        Put(http, call.LogId, call.EventId);
        headers[Step] = (call.Step ?? 0).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Of a request that is none of a gateway's: no entry is made.</summary>
    public static void Put(HttpContext http, string id, string eventId)
    {
        var headers = http.Response.Headers;
        headers[EventId] = HeaderText.Safe(eventId);
        headers[RequestId] = id;
        headers[Step] = "0";
    }
}
