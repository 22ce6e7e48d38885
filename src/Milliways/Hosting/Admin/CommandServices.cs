using Milliways.Alerts;
using Milliways.Billing;
using Milliways.Credits;
using Milliways.Gateway.Settings;
using Milliways.Keys;
using Milliways.Logs;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Hosting.Admin;

/// <summary>
/// What commands need, whether they run in the server or in a process of their own: everything here wants only a <see cref="LedgerDatabase"/>, a
/// <see cref="TimeProvider"/>, the <see cref="Configuration.ConfigState"/>,
/// for money a <see cref="Bookkeeping"/>, and for stored keys a <see cref="Secrets.SecretBox"/>.
/// </summary>
internal static class CommandServices
{
    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<TeamStore>().AddSingleton<UserStore>().AddSingleton<AuditLog>().AddSingleton<KeyStore>().AddSingleton<ManagementKeyStore>();
        services.AddSingleton<GatewayStore>().AddSingleton(provider => new GatewayCommands(
            provider.GetRequiredService<GatewayStore>(), provider.GetRequiredService<TeamCommands>(), provider.GetRequiredService<AuditLog>(),
            provider.GetRequiredService<Configuration.ConfigState>, provider.GetRequiredService<Secrets.SecretBox>, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<TeamCommands>().AddSingleton<MemberCommands>().AddSingleton<KeyCommands>().AddSingleton<ManagementKeyCommands>();
        services.AddSingleton<ITeamWatcher, KeyCacheRefresh>();
        services.AddSingleton<AdminCommands>();
        services.AddSingleton<IAdminCommandSet, TeamAdmin>().AddSingleton<IAdminCommandSet, MemberAdmin>();
        services.AddSingleton<IAdminCommandSet, KeyAdmin>().AddSingleton<IAdminCommandSet, ManagementKeyAdmin>();
        services.AddSingleton<CreditCommands>().AddSingleton<IAdminCommandSet, CreditsAdmin>();
        services.AddSingleton<BillingInfoStore>().AddSingleton<InvoiceCommands>().AddSingleton<IAdminCommandSet, InvoicesAdmin>();
        services.AddSingleton<LogCommands>().AddSingleton<IAdminCommandSet, LogsAdmin>();
        services.AddSingleton<IAdminCommandSet, LimitsAdmin>().AddSingleton<IAdminCommandSet, GatewayAdmin>();
        AlertServices.AddCommands(services);
    }
}
