using Grpc.Core;
using Grpc.Health.V1;
using Milliways.Hosting;

namespace Milliways.Api.Grpc;

/// <summary>grpc.health.v1: what /readyz says, for the server (an empty name) and for each of its services; NOT_SERVING while it stops.</summary>
internal sealed class GrpcHealth(HealthEndpoints health, IHostApplicationLifetime lifetime, TimeProvider time) : global::Grpc.Health.V1.Health.HealthBase
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private static readonly HashSet<string> Known = ["", .. GrpcLibrary.Services.Select(service => service.FullName)];

    private HealthCheckResponse Now => new()
    {
        Status = health.IsReady && !lifetime.ApplicationStopping.IsCancellationRequested ? HealthCheckResponse.Types.ServingStatus.Serving : HealthCheckResponse.Types.ServingStatus.NotServing,
    };

    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) => Known.Contains(request.Service)
        ? Task.FromResult(Now)
        : throw new RpcException(new Status(StatusCode.NotFound, $"There is no service {request.Service} here."));

    /// <summary>Tells the state and every change of it, until the caller leaves or the server stops.</summary>
    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        var told = Known.Contains(request.Service) ? Now : new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.ServiceUnknown };
        await responseStream.WriteAsync(told);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        using var timer = new PeriodicTimer(Beat, time);
        try
        {
            while (await timer.WaitForNextTickAsync(over.Token))
                if (Known.Contains(request.Service) && Now.Status != told.Status)
                    await responseStream.WriteAsync(told = Now);
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            await responseStream.WriteAsync(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.NotServing });
        }
    }
}
