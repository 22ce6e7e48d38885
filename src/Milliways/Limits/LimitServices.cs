using Milliways.Exchanges;
using Milliways.Limits.Counting;

namespace Milliways.Limits;

/// <summary>Limits as one line of the server's composition; without it nothing is limited.</summary>
internal static class LimitServices
{
    public static IServiceCollection AddLimits(this IServiceCollection services) => services
        .AddSingleton<LimitBook>().AddSingleton<ModelLimits>().AddSingleton<IAdmissionGate, LimitGate>().AddHostedService<LimitUpkeep>();
}
