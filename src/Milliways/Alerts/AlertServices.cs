using Milliways.Credits;
using Milliways.Hosting.Admin;

namespace Milliways.Alerts;

/// <summary>What alerts add to a server, and to commands without one.</summary>
internal static class AlertServices
{
    public static void AddCommands(IServiceCollection services)
    {
        services.AddSingleton(provider => new WebhookClient(provider.GetRequiredService<TimeProvider>(), provider.GetService<Func<string, string?>>() ?? Environment.GetEnvironmentVariable));
        services.AddSingleton<MailClient>().AddSingleton<AlertCourier>().AddSingleton<IAdminCommandSet, AlertsAdmin>();
    }

    public static void AddServer(IServiceCollection services)
    {
        services.AddSingleton<AlertDesk>().AddHostedService<AlertWatch>().AddHostedService<AlertSender>();
        services.AddSingleton<RefusalQueue>().AddSingleton<ICreditEvents>(provider => provider.GetRequiredService<RefusalQueue>()).AddHostedService<RefusalRecorder>();
    }
}
