using System.Collections.Frozen;
using Milliways.Dialects.Chat;
using Milliways.Storage;

namespace Milliways.Gateway;

/// <summary>What was set for gateways, in memory: read with every request, written by <c>milliways gateways set</c>.</summary>
internal sealed class GatewayStore : IRefreshed
{
    private readonly LedgerDatabase _database;
    private volatile FrozenDictionary<string, Flavour> _flavours = FrozenDictionary<string, Flavour>.Empty;

    public GatewayStore(LedgerDatabase database)
    {
        _database = database;
        Refresh();
    }

    public IReadOnlyList<string> Concerns { get; } = [Topics.Gateways];

    /// <summary>The flavour of a gateway, whoever calls; null: as the path says.</summary>
    public Flavour? FlavourOf(string account, string gateway) =>
        _flavours.TryGetValue(Name(account, gateway), out var flavour) ? flavour : null;

    /// <summary>Null takes the setting away.</summary>
    /// <param name="account">The team.</param>
    /// <param name="gateway">Its gateway's name.</param>
    /// <param name="flavour">What is set.</param>
    /// <param name="also">What else belongs to the change, in its transaction.</param>
    public void SetFlavour(string account, string gateway, Flavour? flavour, Action? also = null)
    {
        _database.Transact(() =>
        {
            _database.Execute(
                "INSERT INTO gateways (team, name, flavour) VALUES ($team, $name, $flavour) ON CONFLICT (team, name) DO UPDATE SET flavour = $flavour",
                ("$team", account), ("$name", gateway), ("$flavour", flavour?.Word()));
            also?.Invoke();
        });
        Refresh();
    }

    /// <summary>Takes over what another process has written.</summary>
    public void Refresh() => _flavours = _database
        .Query("SELECT team, name, flavour FROM gateways WHERE flavour IS NOT NULL", row => (Name: Name(row.GetString(0), row.GetString(1)), Flavour: Flavours.Parse(row.GetString(2))))
        .Where(row => row.Flavour is not null)
        .ToFrozenDictionary(row => row.Name, row => row.Flavour!.Value);

    private static string Name(string account, string gateway) => $"{account.ToLowerInvariant()}/{gateway}";
}
