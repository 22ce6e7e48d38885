using Grpc.Core;
using Grpc.Health.V1;
using Milliways.Hosting;

namespace Milliways.Api.Grpc;

/// <summary>grpc.health.v1: what /readyz says, for the server (an empty name) and for each service that it serves; NOT_SERVING while it stops.</summary>
internal sealed class GrpcHealth(GrpcMethods methods, HealthEndpoints health, IHostApplicationLifetime lifetime, TimeProvider time) : global::Grpc.Health.V1.Health.HealthBase
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private readonly HashSet<string> _known = ["", global::Grpc.Health.V1.Health.Descriptor.FullName, .. methods.Services];

    private HealthCheckResponse Now => new()
    {
        Status = health.IsReady && !lifetime.ApplicationStopping.IsCancellationRequested ? HealthCheckResponse.Types.ServingStatus.Serving : HealthCheckResponse.Types.ServingStatus.NotServing,
    };

    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) => _known.Contains(request.Service)
        ? Task.FromResult(Now)
        : throw new RpcException(new Status(StatusCode.NotFound, $"There is no service {request.Service} here."));

    /// <summary>Tells the state and every change of it, until the caller leaves or the server stops.</summary>
    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        var told = _known.Contains(request.Service) ? Now : new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.ServiceUnknown };
        await responseStream.WriteAsync(told);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        using var timer = new PeriodicTimer(Beat, time);
        try
        {
            while (await timer.WaitForNextTickAsync(over.Token))
                if (_known.Contains(request.Service) && Now.Status != told.Status)
                    await responseStream.WriteAsync(told = Now);
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            await responseStream.WriteAsync(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.NotServing });
        }
    }
}
