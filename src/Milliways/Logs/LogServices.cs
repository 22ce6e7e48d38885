using Milliways.Exchanges;
using Milliways.Storage;

namespace Milliways.Logs;

/// <summary>The log as lines of a composition.</summary>
internal static class LogServices
{
    /// <summary>What commands need; the store is opened when the first of them asks it.</summary>
    public static IServiceCollection AddLogStore(this IServiceCollection services, DatabaseAddress address) => services
        .AddSingleton(_ => LogDatabase.Open(address)).AddSingleton<LogStore>().AddSingleton<LogReader>();

    /// <summary>Every exchange makes an entry; without this line none does.</summary>
    public static IServiceCollection AddRequestLogs(this IServiceCollection services) => services
        .AddSingleton<ConfiguredLogPolicy>().AddSingleton<ILogPolicy, GatewayLogPolicy>().AddSingleton(new LogQueue()).AddSingleton(new PayloadBudget(PayloadBudget.Usual))
        .AddSingleton<IExchangeLogs, RequestLogs>().AddSingleton<LogTrim>().AddHostedService(provider => provider.GetRequiredService<LogTrim>()).AddHostedService<LogWriter>();
}
