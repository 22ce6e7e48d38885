using Milliways.Gateway.Settings;

namespace Milliways.Gateway;

/// <summary>Says at start which gateways serve whoever comes: that is a choice somebody made, and may have forgotten.</summary>
internal sealed class OpenGatewayWarning(GatewayStore gateways, ILogger<OpenGatewayWarning> log) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var gateway in gateways.Open)
            log.LogWarning("The gateway {Account}/{Gateway} is open: it serves whoever comes, with their own provider keys; milliways gateways set {Gateway} --team {Account} --authentication on closes it",
                gateway.Account, gateway.Name, gateway.Name, gateway.Account);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
