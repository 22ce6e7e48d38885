using System.Net;
using System.Net.Sockets;

namespace Milliways.Upstreams.Tenants;

/// <summary>
/// Which addresses may be called for somebody who is not the operator (contract, "Tenants' upstreams"): public ones by https, and the ranges that
/// <c>security.allowPrivateUpstreams</c> names, by http too.
/// </summary>
internal sealed class AddressRules(IEnumerable<string> allowPrivate)
{
    /// <summary>IANA's special-purpose registry, and the address at which Azure's machines ask for their secrets.</summary>
    private static readonly IPNetwork[] Special4 = Networks(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4");

    /// <summary>Everything else of IPv6 is loopback, link-local, unique-local, multicast, a translation or not given out.</summary>
    private static readonly IPNetwork Global6 = IPNetwork.Parse("2000::/3");

    /// <summary>Protocol assignments (Teredo among them), documentation, and 6to4, which carries an IPv4 address.</summary>
    private static readonly IPNetwork[] Special6 = Networks("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20");

    /// <summary>Networks without IPv4 reach it through these; what counts is the address inside.</summary>
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    private readonly IPNetwork[] _allowed = Networks([.. allowPrivate]);

    /// <param name="address">One that a name resolved to.</param>
    /// <param name="isEncrypted">The connection will be TLS.</param>
    public bool MayConnect(IPAddress address, bool isEncrypted) => IsAllowed(address) || (isEncrypted && IsPublic(address));

    /// <summary>Why an address may not be called, the same words whenever that turns out.</summary>
    public static string Refusal(bool isEncrypted) => isEncrypted
        ? "leads to an address that is not public; the operator can allow a range with security.allowPrivateUpstreams"
        : "must be an https address, unless security.allowPrivateUpstreams names its range";

    public static bool IsPublic(IPAddress address)
    {
        address = Plain(address);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? !Array.Exists(Special4, network => network.Contains(address))
            : Global6.Contains(address) && !Array.Exists(Special6, network => network.Contains(address));
    }

    private bool IsAllowed(IPAddress address) => Array.Exists(_allowed, network => network.Contains(Plain(address)));

    /// <summary>An IPv4 address in IPv6 clothes without them.</summary>
    private static IPAddress Plain(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 && Nat64.Contains(address) ? new IPAddress(address.GetAddressBytes().AsSpan(12)) : address;
    }

    private static IPNetwork[] Networks(params string[] ranges) => Array.ConvertAll(ranges, IPNetwork.Parse);
}
