using Microsoft.AspNetCore.WebSockets;
using Microsoft.Extensions.Options;

namespace Milliways.Gateway.Sockets;

/// <summary>Makes WebSockets of upgrade requests at universal addresses.</summary>
internal sealed class UniversalSockets(TimeProvider time, IHostApplicationLifetime lifetime, ILoggerFactory logs)
{
    private static readonly TimeSpan Ping = TimeSpan.FromSeconds(30);

    private readonly IOptions<WebSocketOptions> _options = Options.Create(new WebSocketOptions { KeepAliveInterval = Ping, KeepAliveTimeout = Ping });

    public TimeProvider Time => time;

    public CancellationToken Stopping => lifetime.ApplicationStopping;

    public ILogger Log { get; } = logs.CreateLogger<UniversalSockets>();

    public static bool IsUpgrade(HttpContext http) =>
        HttpMethods.IsGet(http.Request.Method) && http.Request.Headers.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase);

    /// <summary>The server's own handshake, for these requests alone: no other has to go through it.</summary>
    public Task AcceptAsync(HttpContext http, RequestDelegate next) => new WebSocketMiddleware(next, _options, logs).Invoke(http);
}
