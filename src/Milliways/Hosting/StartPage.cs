using System.Reflection;
using System.Text;

namespace Milliways.Hosting;

/// <summary>GET /: a page that says that it works, what is served, and what to send first. It holds no secret, so it needs no key.</summary>
internal sealed class StartPage
{
    private readonly byte[] _page = Read();

    public async Task HandleAsync(HttpContext http, string _)
    {
        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.ContentLength = _page.Length;
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        if (!HttpMethods.IsHead(http.Request.Method))
            await http.Response.Body.WriteAsync(_page, http.RequestAborted);
    }

    private static byte[] Read()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("start-page.html")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return Encoding.UTF8.GetBytes(reader.ReadToEnd());
    }
}
