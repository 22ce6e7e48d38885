using Milliways.Gateway.Settings;

namespace Milliways.Logs;

/// <summary>What a gateway's settings say, and where they say nothing the section <c>logs</c>.</summary>
internal sealed class GatewayLogPolicy(ConfiguredLogPolicy configured, GatewayStore gateways) : ILogPolicy
{
    public LogPolicy For(string team, string? gateway)
    {
        var usual = configured.For(team, gateway);
        return usual.IsOff || gateway is null || gateways.Find(team, gateway) is not { } settings ? usual : new LogPolicy(
            settings.CollectLogs, settings.LogPayloads ?? usual.Payloads, settings.LogManagement ?? usual.MaxRows,
            settings.LogManagementStrategy == LogStrategy.StopInserting ? WhenFull.StopInserting : WhenFull.DeleteOldest);
    }
}
