using Grpc.Reflection;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Hosting.Configuration;
using Files = Milliways.Dialects.XaiGrpc.Protos.Files;

namespace Milliways.Api.Grpc;

/// <summary>
/// The services that a library has whole: health and reflection, in a pipeline of their own that nobody else's request passes. The walk's methods are not
/// served by it: it reads a message before anybody has asked for the key, and it ends a call at its deadline by itself, before its charge is durable.
/// </summary>
internal sealed class GrpcLibrary(GrpcConfig config)
{
    /// <summary>What reflection tells.</summary>
    public static IReadOnlyList<global::Google.Protobuf.Reflection.ServiceDescriptor> Services { get; } =
    [
        Chat.Descriptor, Models.Descriptor, Auth.Descriptor, Tokenize.Descriptor, Embedder.Descriptor, Image.Descriptor, Sample.Descriptor, Documents.Descriptor,
        Files.Descriptor, BatchMgmt.Descriptor, Video.Descriptor, Dialects.XaiGrpc.Protos.Management.Collections.Descriptor, global::Grpc.Health.V1.Health.Descriptor,
    ];

    private RequestDelegate? _pipeline;

    public bool Has(string path) => path.StartsWith("/grpc.health.v1.", StringComparison.Ordinal) || (config.Reflection && path.StartsWith("/grpc.reflection.", StringComparison.Ordinal));

    /// <summary>Makes the pipeline; once, before the server listens.</summary>
    public void Build(IApplicationBuilder app)
    {
        var own = app.New();
        own.UseRouting();
        own.UseEndpoints(endpoints =>
        {
            endpoints.MapGrpcService<GrpcHealth>();
            if (!config.Reflection)
                return;
            endpoints.MapGrpcService<ReflectionServiceImpl>();
            endpoints.MapGrpcService<ReflectionV1ServiceImpl>();
        });
        _pipeline = own.Build();
    }

    public Task HandleAsync(HttpContext http) => _pipeline!(http);
}
