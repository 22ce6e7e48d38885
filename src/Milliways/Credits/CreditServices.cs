using Milliways.Credits.Books;
using Milliways.Credits.Grants;
using Milliways.Credits.Pricing;
using Milliways.Credits.Slices;
using Milliways.Exchanges;
using Milliways.Hosting;
using Milliways.Hosting.Configuration;
using Milliways.Storage;

namespace Milliways.Credits;

/// <summary>What credits add to a server.</summary>
internal static class CreditServices
{
    /// <param name="services">Of the server.</param>
    /// <param name="database">The books' database.</param>
    /// <param name="data">Where the journal is.</param>
    /// <param name="isGoverned">False: the books are kept, but requests are not charged.</param>
    public static void Add(IServiceCollection services, LedgerDatabase database, DataDirectory data, bool isGoverned)
    {
        services.AddSingleton(provider =>
        {
            var config = provider.GetRequiredService<ConfigState>(); // now: the last charges come into the books when the provider is gone
            return Bookkeeping.Open(
                database, data.JournalFile, () => config.InEffect.Credits, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>(), provider.GetRequiredService<Epochs>());
        });
        services.AddSingleton<ILedger>(provider => provider.GetRequiredService<Bookkeeping>().Ledger).AddHostedService<GrantClock>().AddHostedService<SliceClock>().AddSingleton<IRefreshed, MoneyWatch>().AddHostedService<Billing.InvoiceClock>().AddSingleton<Billing.PrepaidHistory>().AddSingleton<Billing.UsageAnalytics>();
        services.AddSingleton<UsageReport>().AddSingleton<BillingDashboard>().AddSingleton<PricedRoutes>().AddSingleton<CreditFailures>();
        if (isGoverned)
            services.AddSingleton<IAdmissionGate, CreditGate>().AddSingleton<PriceWarnings>();
    }
}
