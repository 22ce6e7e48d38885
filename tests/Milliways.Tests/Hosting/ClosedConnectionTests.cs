using Microsoft.AspNetCore.Connections;
using Milliways.Exchanges;
using Milliways.Hosting;
using Milliways.Tests.Support;

namespace Milliways.Tests.Hosting;

/// <summary>
/// A flood of gRPC calls and resets can make Kestrel lose a stream, but only when its threads fall together badly (GrpcConnectionTests floods it); here the lost stream is
/// played by what serves the connection.
/// </summary>
public class ClosedConnectionTests
{
    [Fact]
    public async Task A_closed_connection_whose_streams_never_end_is_let_go()
    {
        var clock = new ManualTime();
        await using var server = await TestServer.StartAsync(clock: clock);
        var (connection, served) = (new DefaultConnectionContext(), new TaskCompletionSource());
        using var closed = new CancellationTokenSource();
        connection.ConnectionClosed = closed.Token;
        var letGo = server.Service<ClosedConnections>().LetGo(_ => served.Task)(connection);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.False(letGo.IsCompleted, "It was let go while it was open.");

        await closed.CancelAsync();
        var took = await clock.RunUntilAsync(letGo);

        Assert.InRange(took, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task While_a_call_of_its_own_runs_a_closed_connection_is_waited_for()
    {
        var (clock, gate) = (new ManualTime(), new Gate());
        await using var lab = new FakeUpstream(async turn =>
        {
            await gate.WaitAsync();
            await turn.WholeAsync(Answers.Chat);
        });
        await using var server = await TestServer.WithLabAsync(lab, clock);
        var answer = server.PostAsync("/v1/chat/completions", """{"model":"alpha","messages":[{"role":"user","content":"Hi"}]}""");
        await lab.ArrivalAsync();
        var own = server.Service<OpenExchanges>().All().Single().Http.Connection.Id;
        var (connection, served) = (new DefaultConnectionContext { ConnectionId = own, ConnectionClosed = new CancellationToken(canceled: true) }, new TaskCompletionSource());
        var letGo = server.Service<ClosedConnections>().LetGo(_ => served.Task)(connection);

        clock.Advance(TimeSpan.FromSeconds(30));
        await ManualTime.MomentAsync();
        Assert.False(letGo.IsCompleted, "It was let go although its call runs.");
        gate.Open();
        Assert.Equal(200, (await answer).Status);

        await clock.RunUntilAsync(letGo);
    }

    [Fact]
    public async Task What_fails_on_a_connection_is_still_told()
    {
        await using var server = await TestServer.StartAsync();
        var letGo = server.Service<ClosedConnections>().LetGo(async _ =>
        {
            await Task.Yield();
            throw new IOException("broken");
        });

        Assert.Equal("broken", (await Assert.ThrowsAsync<IOException>(() => letGo(new DefaultConnectionContext()))).Message);
    }
}
