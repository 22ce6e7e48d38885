using System.Data.Common;
using Npgsql;

namespace Milliways.Storage;

/// <summary>
/// Hears PostgreSQL's NOTIFY, so that changes are taken over at once. A notification may be lost without a sign, so nothing depends on it: the numbers in
/// <c>changes</c> are looked at anyway.
/// </summary>
internal sealed class PostgresListener(PostgresSource source, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Calls <paramref name="heard"/> for notifications, and whenever it begins to listen anew, until it is cancelled.</summary>
    public async Task RunAsync(Action heard, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(heard, cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception away) when (away is DbException or IOException or System.Net.Sockets.SocketException or TimeoutException)
            {
                await Task.Delay(Pause, time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenAsync(Action heard, CancellationToken cancel)
    {
        await using var connection = source.Connection();
        await connection.OpenAsync(cancel);
        await using (var listen = new NpgsqlCommand($"LISTEN {ChangeTriggers.Channel}", connection))
            await listen.ExecuteNonQueryAsync(cancel);
        while (true)
        {
            heard();
            await connection.WaitAsync(cancel);
        }
    }
}
