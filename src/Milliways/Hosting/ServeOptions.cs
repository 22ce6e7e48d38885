namespace Milliways.Hosting;

/// <summary>What <c>serve</c> was told on the command line and in the environment (contract, "Commands").</summary>
internal sealed record ServeOptions
{
    public const string DefaultUrls = "http://127.0.0.1:4242";

    public const string DefaultGrpcUrls = "http://127.0.0.1:4243";

    public required string DataDirectory { get; init; }

    /// <summary><c>postgres://...</c>; null: files in the data directory. May hold a password.</summary>
    public string? Database { get; init; }

    /// <summary>The configuration file that was named; null looks for <c>milliways.json</c> here and in the data directory.</summary>
    public string? ConfigFile { get; init; }

    public string Urls { get; init; } = DefaultUrls;

    /// <summary>Where gRPC has a port of its own; empty or <c>none</c>: nowhere. The default listens on the IPv6 loopback too.</summary>
    public string? GrpcUrls { get; init; }

    public bool NoEngine { get; init; }

    /// <summary>False: keys are checked, but nothing is limited, charged or booked: a laptop's relay.</summary>
    public bool Governance { get; init; } = true;

    public string? ReadyFile { get; init; }

    /// <summary>No start-up text.</summary>
    public bool Quiet { get; init; }
}
