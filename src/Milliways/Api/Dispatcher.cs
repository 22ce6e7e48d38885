using Milliways.Api.Grpc;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Gateway;
using Milliways.Hosting;

namespace Milliways.Api;

/// <summary>The one entrance: id, CORS, host check, path, route. What goes wrong unexpectedly ends here too, as an id and nothing else.</summary>
internal sealed class Dispatcher(Routes routes, GatewayRoutes gateway, GrpcHost grpc, HostGuard hosts, TimeProvider time, ILogger<Dispatcher> log)
{
    public Task HandleAsync(HttpContext http) => GrpcHost.Concerns(http) ? grpc.HandleAsync(http) : HandleRestAsync(http);

    private async Task HandleRestAsync(HttpContext http)
    {
        RequestIds.Assign(http, time);
        var path = PathForms.Normalize(http.Request.Path.Value ?? "/");
        try
        {
            if (!hosts.Allows(http.Request.Host))
            {
                await FailureAnswer.WriteAsync(http, Routes.ErrorsFor(http, path), HostGuard.Refusal(http.Request.Host));
                return;
            }
            if (!routes.IsOpen(path))
                Cors.Apply(http.Response.Headers);
            if (http.Request.Method == "OPTIONS")
                return; // 200 with no body, as api.x.ai answers (xai-api 0.2 rule 20)
            if (routes.TryServe(http, path) is { } served)
                await served;
            else if (GatewayPath.TryParse(path, out var gatewayPath))
                await gateway.ServeAsync(http, gatewayPath);
            else if (GatewayPath.HasNoGateway(path) || GatewayPath.HasNoAccount(path))
                await GatewayRoutes.MalformedAsync(http);
            else
                await Routes.NotFoundAsync(http, path);
        }
        catch (Exception gone) when (http.RequestAborted.IsCancellationRequested && gone is OperationCanceledException or IOException)
        {
            // The caller left: there is nobody to tell.
        }
        catch (UnavailableException away) when (!http.Response.HasStarted)
        {
            log.LogWarning("{Request} {Method} {Path} was refused: {Reason}", RequestIds.Of(http), http.Request.Method, path, away.Message);
            await FailureAnswer.WriteAsync(http, Routes.ErrorsFor(http, path),
                new Failure(FailureKind.Overloaded, FailureParty.Gateway, "database", "The server cannot use its database at the moment: try again shortly.") { RetryAfterSeconds = 1 });
        }
        catch (Exception unexpected) when (unexpected is not TornAnswerException)
        {
            log.LogError(unexpected, "{Request} {Method} {Path} failed unexpectedly", RequestIds.Of(http), http.Request.Method, path);
            if (http.Response.HasStarted)
                throw new TornAnswerException();
            await FailureAnswer.WriteAsync(http, Routes.ErrorsFor(http, path),
                new Failure(FailureKind.Internal, FailureParty.Gateway, "internal", $"An internal error occurred. Quote the request id {RequestIds.Of(http)} when you report it."));
        }
    }
}
