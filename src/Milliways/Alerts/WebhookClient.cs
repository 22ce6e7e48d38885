using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Milliways.Hosting.Configuration;
using Milliways.Upstreams;

namespace Milliways.Alerts;

/// <summary>
/// Sends alerts as Standard Webhooks has it (standardwebhooks.com, version 1): signed, with an id that is the same at every try. The addresses are the operator's,
/// so they may be private. Redirects are not followed, and nothing of the answer but its status is read.
/// </summary>
internal sealed class WebhookClient : IDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _direct;
    private readonly HttpMessageInvoker _proxied;

    public WebhookClient(TimeProvider time, Func<string, string?> environment)
    {
        _time = time;
        _direct = new HttpMessageInvoker(NewHandler());
        var (handler, proxies) = (NewHandler(), new EnvironmentProxies(environment));
        (handler.UseProxy, handler.Proxy) = (!proxies.IsEmpty, proxies.IsEmpty ? null : proxies);
        _proxied = new HttpMessageInvoker(handler);
    }

    /// <summary>One try. Never throws for what a receiver or the way to it does.</summary>
    public async Task<DeliveryResult> SendAsync(WebhookConfig webhook, string id, string body, CancellationToken cancel)
    {
        if (webhook.OffBecause is { } off)
            return DeliveryResult.Failed($"It is switched off: {off}");
        var (content, timestamp) = (Encoding.UTF8.GetBytes(body), _time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        var address = UpstreamAddress.Parse(webhook.Url);
        using var request = new HttpRequestMessage(HttpMethod.Post, address.At("")) { Content = new ByteArrayContent(content) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("milliways", null));
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", timestamp);
        request.Headers.Add("webhook-signature", Signature(webhook.Secret, id, timestamp, content));
        using var limit = new CancellationTokenSource(Limit, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            using var answer = await (address.IsLocal ? _direct : _proxied).SendAsync(request, both.Token);
            return answer.StatusCode switch
            {
                >= HttpStatusCode.OK and < HttpStatusCode.Ambiguous => DeliveryResult.Delivered,
                HttpStatusCode.Gone => DeliveryResult.Gone,
                >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest => DeliveryResult.Failed($"It answered {(int)answer.StatusCode}: redirects are not followed"),
                _ => DeliveryResult.Failed($"It answered {(int)answer.StatusCode}"),
            };
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return DeliveryResult.Failed($"It did not answer within {Limit.TotalSeconds:0} s");
        }
        catch (HttpRequestException broken)
        {
            return DeliveryResult.Failed(broken.InnerException?.Message ?? broken.Message);
        }
    }

    public void Dispose()
    {
        _direct.Dispose();
        _proxied.Dispose();
    }

    /// <summary><c>v1,</c> and the base64 HMAC-SHA256 of <c>id.timestamp.body</c>.</summary>
    internal static string Signature(byte[] secret, string id, string timestamp, byte[] body) =>
        "v1," + Convert.ToBase64String(HMACSHA256.HashData(secret, (byte[])[.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body]));

    private static SocketsHttpHandler NewHandler() => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = Limit,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4), // alerts are rare: a kept connection would be one that the receiver has closed
        MaxResponseHeadersLength = 64,
        ResponseDrainTimeout = TimeSpan.FromMilliseconds(50),
    };
}
