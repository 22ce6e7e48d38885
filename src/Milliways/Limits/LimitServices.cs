using Milliways.Exchanges;
using Milliways.Limits.Counting;
using Milliways.Limits.Sharing;

namespace Milliways.Limits;

/// <summary>Limits as one line of the server's composition; without it nothing is limited.</summary>
internal static class LimitServices
{
    public static IServiceCollection AddLimits(this IServiceCollection services) => services
        .AddSingleton<LimitBook>().AddSingleton<SharedLimits>().AddHostedService(provider => provider.GetRequiredService<SharedLimits>())
        .AddSingleton<ModelLimits>().AddSingleton<IAdmissionGate, LimitGate>().AddHostedService<LimitUpkeep>();
}
