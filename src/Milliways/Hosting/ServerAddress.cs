namespace Milliways.Hosting;

/// <summary>Where this server answers, known once it listens (port 0 is chosen by the system).</summary>
internal sealed class ServerAddress
{
    /// <summary>The first HTTP address, such as <c>http://127.0.0.1:4242</c>.</summary>
    public string Http { get; set; } = "";

    /// <summary>The first gRPC address, such as <c>http://127.0.0.1:4243</c>; null: gRPC has no address at all.</summary>
    public string? Grpc { get; set; }

    /// <summary>Where keys are managed, as error texts name it.</summary>
    public string Console => Http;
}
