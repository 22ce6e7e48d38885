using Milliways.Dialects.Chat;

namespace Milliways.Hosting;

/// <summary>
/// Against DNS rebinding: a server that listens on loopback only answers to the loopback's names, so that a page on the internet cannot reach it under a
/// name of its own that resolves to 127.0.0.1.
/// </summary>
/// <param name="loopbackOnly">REST listens there only.</param>
/// <param name="grpcLoopbackOnly">So does gRPC, on its own port.</param>
/// <param name="alsoAllowed">Names of the configuration.</param>
internal sealed class HostGuard(bool loopbackOnly, bool grpcLoopbackOnly, IReadOnlyList<string> alsoAllowed)
{
    private volatile IReadOnlyList<string> _alsoAllowed = alsoAllowed;

    /// <summary>Takes other names, when the configuration has changed.</summary>
    public void Allow(IReadOnlyList<string> names) => _alsoAllowed = names;

    /// <summary>The loopback name that was seen last, port included: callers rarely use another one, and reading it costs more than comparing it.</summary>
    private volatile string? _seen;

    public bool Allows(HostString host) => Allows(host, loopbackOnly);

    /// <summary>On a port that speaks gRPC alone.</summary>
    public bool AllowsGrpc(HostString host) => Allows(host, grpcLoopbackOnly);

    private bool Allows(HostString host, bool loopbackOnly)
    {
        if (!loopbackOnly || !host.HasValue || host.Value == _seen)
            return true;
        if (!IsLoopback(host.Host))
            return _alsoAllowed.Contains(host.Host, StringComparer.OrdinalIgnoreCase);
        _seen = host.Value;
        return true;
    }

    public static Failure Refusal(HostString host) =>
        new(FailureKind.Forbidden, FailureParty.Client, "host",
            $"The host \"{host.Host}\" is not allowed: this server listens on loopback only. Add the name to security.allowedHosts in milliways.json.");

    private static bool IsLoopback(string name) =>
        name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (System.Net.IPAddress.TryParse(name.Trim('[', ']'), out var address) && System.Net.IPAddress.IsLoopback(address));
}
