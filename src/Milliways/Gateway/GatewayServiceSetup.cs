using Milliways.Exchanges;
using Milliways.Gateway.Calls;
using Milliways.Gateway.Credentials;
using Milliways.Gateway.Providers;
using Milliways.Gateway.Rates;
using Milliways.Gateway.Sockets;

namespace Milliways.Gateway;

/// <summary>What the gateway adds to a server.</summary>
internal static class GatewayServiceSetup
{
    public static void AddGateway(this IServiceCollection services, bool isGoverned)
    {
        services.AddSingleton<IGate, RateGate>();
        services.AddSingleton<ProviderHosts>().AddSingleton<GatewayProviders>().AddSingleton<CredentialChoice>().AddSingleton<GatewayServices>();
        services.AddSingleton<GrokModels>().AddSingleton<ServiceAccountTokens>().AddSingleton<CallCredentials>().AddSingleton<CompatModels>().AddSingleton<UniversalSockets>().AddSingleton<GatewayRoutes>().AddHostedService<OpenGatewayWarning>();
        if (isGoverned)
            services.AddSingleton<IAdmissionGate, UnmeteredGate>();
    }
}
