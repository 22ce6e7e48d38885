using Microsoft.AspNetCore.Http.Features;

namespace Milliways.Exchanges;

/// <summary>
/// The request of an exchange whose caller has been answered already: what the walk still reads of the caller's, and an answer that goes into memory
/// instead of a socket. The web server takes its own context back as soon as the caller is answered, so nothing of it may be held on to.
/// </summary>
internal sealed class DetachedContext : IHttpRequestLifetimeFeature, IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private readonly MemoryStream _answer = new();

    public DetachedContext(HttpContext caller)
    {
        Http = new DefaultHttpContext { TraceIdentifier = caller.TraceIdentifier };
        Http.Features.Set<IHttpRequestLifetimeFeature>(this);
        (Http.Request.Method, Http.Request.Path) = (caller.Request.Method, caller.Request.Path);
        foreach (var (name, value) in caller.Request.Headers)
            Http.Request.Headers[name] = value;
        Http.Response.Body = _answer;
        RequestAborted = _cancel.Token;
    }

    public HttpContext Http { get; }

    public CancellationToken RequestAborted { get; set; }

    public int Status => Http.Response.StatusCode;

    public IHeaderDictionary Headers => Http.Response.Headers;

    public byte[] Answer => _answer.ToArray();

    /// <summary>Ends the exchange as a caller that hangs up does.</summary>
    public void Abort() => _cancel.Cancel();

    public void Dispose()
    {
        _cancel.Dispose();
        _answer.Dispose();
    }
}
