using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Milliways.Tests.Support;

/// <summary>An upstream on Kestrel with one door for HTTP/2 and one for HTTP/1.1, both without TLS.</summary>
internal sealed class Http2Upstream : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<string> _protocols = new();

    private Http2Upstream(string answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, door => door.Protocols = HttpProtocols.Http2);
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, door => door.Protocols = HttpProtocols.Http1);
        });
        _app = builder.Build();
        _app.Run(async http =>
        {
            _protocols.Enqueue(http.Request.Protocol);
            await http.Request.Body.CopyToAsync(Stream.Null);
            http.Response.ContentType = "application/json";
            await http.Response.WriteAsync(answer);
        });
    }

    public string Http2Url => Address(0);

    public string Http1Url => Address(1);

    public IReadOnlyCollection<string> Protocols => _protocols;

    public static async Task<Http2Upstream> StartAsync(string answer)
    {
        var upstream = new Http2Upstream(answer);
        await upstream._app.StartAsync();
        return upstream;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private string Address(int door) => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ElementAt(door);
}
