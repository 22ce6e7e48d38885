using Milliways.Credits;
using Milliways.Hosting.Configuration;
using Milliways.Teams;

namespace Milliways.Billing;

/// <summary>
/// Makes each month's invoices when it is over, where the configuration says so. Every replica tries; the database lets one make each. An hour goes by first, in
/// which the charges of all replicas come into the books.
/// </summary>
internal sealed class InvoiceClock(InvoiceCommands invoices, ConfigState config, TimeProvider time, ILogger<InvoiceClock> log) : BackgroundService
{
    private static readonly TimeSpan Beat = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Settling = TimeSpan.FromHours(1);

    private string? _done;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Beat, time);
        do
            await TickAsync(stoppingToken);
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task TickAsync(CancellationToken stop)
    {
        if (!config.InEffect.Billing.Invoices)
            return;
        var over = InvoiceMonth.At(time.GetUtcNow() - Settling, invoices.Zone).Previous.Name;
        if (over == _done)
            return;
        try
        {
            var made = await invoices.MakeAsync(OperatorActor.Instance, team: null, over, stop);
            _done = over;
            if (made.Count > 0)
                log.LogInformation("{Count} invoices were made, up to {Month}", made.Count, over);
        }
        catch (Exception away) when (Bookkeeping.IsTrouble(away) || away is CommandException)
        {
            log.LogWarning("Invoices of {Month} could not be made ({Reason}); trying again", over, away.Message);
        }
    }
}
