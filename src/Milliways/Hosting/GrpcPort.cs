namespace Milliways.Hosting;

/// <summary>Marks the connections of a port that speaks gRPC and nothing else.</summary>
internal sealed class GrpcPort
{
    public static GrpcPort Instance { get; } = new();

    private GrpcPort() { }
}
