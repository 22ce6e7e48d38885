using System.Net;
using System.Net.Sockets;
using Milliways.Teams;
using Milliways.Upstreams.Tenants;

namespace Milliways.Gateway.Settings;

/// <summary>
/// Checks an address that a team wants called, when it is saved (contract, "Tenants' upstreams"); at connect time it is checked again, for what a name says then.
/// </summary>
internal static class BaseUrlCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <exception cref="CommandException">It is no address, or leads to where nobody but the operator may call.</exception>
    public static async Task CheckAsync(string text, AddressRules rules, Resolver? resolve = null)
    {
        if (!Uri.TryCreate(text, default(UriCreationOptions), out var address) || address.Scheme is not ("https" or "http") || address.Host.Length == 0)
            throw Wrong(text, "must be an absolute address such as https://llm.example.org");
        if (address.UserInfo.Length > 0 || address.Query.Length > 0 || address.Fragment.Length > 0 || text.Contains("..", StringComparison.Ordinal) || text.Contains('\\', StringComparison.Ordinal))
            throw Wrong(text, "must be scheme, host and path alone, without credentials, query or dots");
        var isEncrypted = address.Scheme == Uri.UriSchemeHttps;
        var addresses = await FindAsync(address.IdnHost, resolve ?? Dns.GetHostAddressesAsync);
        // A name that has no address now is looked at when it is called.
        if ((addresses.Length == 0 && !isEncrypted) || !Array.TrueForAll(addresses, one => rules.MayConnect(one, isEncrypted)))
            throw Wrong(text, AddressRules.Refusal(isEncrypted));
    }

    private static async Task<IPAddress[]> FindAsync(string host, Resolver resolve)
    {
        if (IPAddress.TryParse(host.Trim('[', ']'), out var literal))
            return [literal];
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            return await resolve(host, deadline.Token);
        }
        catch (Exception unknown) when (unknown is SocketException or OperationCanceledException or ArgumentException)
        {
            return [];
        }
    }

    private static CommandException Wrong(string text, string what) => new(CommandProblem.Invalid, $"base_url \"{text}\" {what}.");
}
