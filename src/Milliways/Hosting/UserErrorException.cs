namespace Milliways.Hosting;

/// <summary>The executable's exit codes (contract, "Commands").</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 2;
}

/// <summary>Something the operator can put right: one clear sentence with the remedy, and no stack trace.</summary>
internal sealed class UserErrorException(string message, int exitCode = ExitCode.Failed, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>What is wrong with the configuration, one by one and without what to do then; empty when it is something else.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>Where the configuration is wrong, place by place, without what stands there; empty when it is something else.</summary>
    public IReadOnlyList<string> Places { get; init; } = [];
}
