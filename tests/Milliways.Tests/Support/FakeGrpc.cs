using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Tests.Support;

/// <summary>An upstream over gRPC on Kestrel that answers with whatever bytes, head and trailers a test says.</summary>
internal sealed class FakeGrpc : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeGrpc(Func<HttpContext, GetCompletionsRequest, Task> standing)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, door => door.Protocols = HttpProtocols.Http2));
        _app = builder.Build();
        _app.Run(async http =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            http.Response.ContentType = "application/grpc";
            await standing(http, GetCompletionsRequest.Parser.ParseFrom(body.ToArray()[5..]));
        });
    }

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<FakeGrpc> StartAsync(Func<HttpContext, GetCompletionsRequest, Task> standing)
    {
        var fake = new FakeGrpc(standing);
        await fake._app.StartAsync();
        return fake;
    }

    /// <summary>A message in its frame.</summary>
    public static Task SendAsync(HttpContext http, IMessage message) => SendAsync(http, Http2Client.Message(message.ToByteArray()));

    public static async Task SendAsync(HttpContext http, byte[] bytes)
    {
        await http.Response.Body.WriteAsync(bytes);
        await http.Response.Body.FlushAsync();
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
