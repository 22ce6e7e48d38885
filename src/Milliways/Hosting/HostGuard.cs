using Milliways.Dialects.Chat;

namespace Milliways.Hosting;

/// <summary>
/// Against DNS rebinding: a server that listens on loopback only answers to the loopback's names, so that a page on the internet cannot reach it under a
/// name of its own that resolves to 127.0.0.1.
/// </summary>
internal sealed class HostGuard(bool loopbackOnly, IReadOnlyList<string> alsoAllowed)
{
    private volatile IReadOnlyList<string> _alsoAllowed = alsoAllowed;

    /// <summary>Takes other names, when the configuration has changed.</summary>
    public void Allow(IReadOnlyList<string> names) => _alsoAllowed = names;

    public bool Allows(HostString host) =>
        !loopbackOnly || !host.HasValue || IsLoopback(host.Host) || _alsoAllowed.Contains(host.Host, StringComparer.OrdinalIgnoreCase);

    public static Failure Refusal(HostString host) =>
        new(FailureKind.Forbidden, FailureParty.Client, "host",
            $"The host \"{host.Host}\" is not allowed: this server listens on loopback only. Add the name to security.allowedHosts in milliways.json.");

    private static bool IsLoopback(string name) =>
        name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (System.Net.IPAddress.TryParse(name.Trim('[', ']'), out var address) && System.Net.IPAddress.IsLoopback(address));
}
