using Grpc.Reflection;
using Milliways.Hosting.Configuration;

namespace Milliways.Api.Grpc;

/// <summary>What gRPC is made of.</summary>
internal static class GrpcServices
{
    public static IServiceCollection AddGrpcApi(this IServiceCollection services, GrpcConfig config)
    {
        services.AddGrpc(grpc => grpc.EnableDetailedErrors = false);
        services.AddSingleton<GrpcHealth>().AddSingleton(new ReflectionServiceImpl(GrpcLibrary.Services)).AddSingleton(new ReflectionV1ServiceImpl(GrpcLibrary.Services));
        return services.AddSingleton(config).AddSingleton<GrpcConversations>().AddSingleton<GrpcModels>().AddSingleton<GrpcMethods>().AddSingleton<GrpcLibrary>().AddSingleton<GrpcHost>();
    }
}
