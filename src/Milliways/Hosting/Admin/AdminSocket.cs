using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Milliways.Teams;

namespace Milliways.Hosting.Admin;

/// <summary>What a refused command says on the socket.</summary>
internal sealed record AdminRefusal(CommandProblem Problem, string Message);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AdminRefusal))]
internal sealed partial class AdminJson : JsonSerializerContext;

/// <summary>
/// Takes commands in a running server, at a Unix socket that only the data directory's user can open: <c>POST /keys/create</c> with a JSON body. A web server
/// of its own, so that no public address can ever lead to it.
/// </summary>
internal sealed class AdminSocket(AdminCommands commands, string path, ILogger<AdminSocket> log) : IHostedService, IAsyncDisposable
{
    /// <summary>Commands are small; imports send one after the other.</summary>
    private const int LargestRequest = 4 << 20;

    private WebApplication? _app;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddSingleton<IHostLifetime, OuterLifetime>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = LargestRequest;
            kestrel.ListenUnixSocket(path, endpoint => endpoint.Protocols = HttpProtocols.Http1);
        });
        var app = builder.Build();
        app.Run(HandleAsync);
        try
        {
            AdminSocketPath.Prepare(path);
            await app.StartAsync(cancellationToken);
            DataDirectory.Protect(path);
            _app = app;
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            await app.DisposeAsync();
            log.LogError("The admin socket {Path} cannot be opened ({Reason}): commands do not reach this server", path, unusable.Message);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_app is not { } app)
            return;
        await app.StopAsync(cancellationToken);
        // Somebody may have removed the directory under the running server.
        if (File.Exists(path))
            File.Delete(path);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _app, null) is { } app)
            await app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext http)
    {
        var (status, body) = await AnswerAsync(http);
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }

    private async Task<(int Status, byte[] Body)> AnswerAsync(HttpContext http)
    {
        try
        {
            if (http.Request.Method != "POST")
                throw new CommandException(CommandProblem.Invalid, "Commands are sent with POST.");
            using var request = new MemoryStream();
            await http.Request.Body.CopyToAsync(request, http.RequestAborted);
            var name = http.Request.Path.Value!.TrimStart('/').Replace('/', ' ');
            return (StatusCodes.Status200OK, await commands.RunAsync(name, OperatorActor.Instance, request.ToArray()));
        }
        catch (CommandException refused)
        {
            return (StatusCodes.Status400BadRequest, JsonSerializer.SerializeToUtf8Bytes(new AdminRefusal(refused.Problem, refused.Message), AdminJson.Default.AdminRefusal));
        }
        catch (Exception unexpected) when (unexpected is not OperationCanceledException)
        {
            log.LogError(unexpected, "A command failed unexpectedly: {Path}", http.Request.Path);
            return (StatusCodes.Status500InternalServerError, JsonSerializer.SerializeToUtf8Bytes(
                new AdminRefusal(CommandProblem.Conflict, "The server failed at this command; its log says why."), AdminJson.Default.AdminRefusal));
        }
    }

    /// <summary>Signals are the server's around it.</summary>
    private sealed class OuterLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
