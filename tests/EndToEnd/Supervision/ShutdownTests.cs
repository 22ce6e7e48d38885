using System.Net.Sockets;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Supervision;

/// <summary>Ctrl-C and SIGTERM.</summary>
public sealed class ShutdownTests
{
    [Theory]
    [InlineData(Signals.Interrupt)]
    [InlineData(Signals.Terminate)]
    public async Task At_a_signal_to_the_server_and_its_engine_running_streams_go_on_to_their_clean_end_nobody_new_is_let_in_and_the_exit_code_is_0(int signal)
    {
        await using var server = await MilliwaysProcess.StartAsync();
        await using var chat = await server.Api.StreamAsync("/v1/chat/completions", Talk.Long(maxTokens: 250));
        await using var messages = await server.Api.StreamAsync("/v1/messages", Talk.Long(maxTokens: 250));
        await Task.WhenAll(chat.FirstTextAsync(), messages.FirstTextAsync());
        var engine = server.EngineId();

        // The terminal's Ctrl-C and a service manager's stop reach every process of the group; the engine first, so that it cannot be too late to hear it.
        Signals.Send(engine, signal);
        server.Signal(signal);
        await Until.TrueAsync(async () => !await ListensAsync(server), "the port is closed");
        Assert.True(Signals.Lives(engine), "The engine has left before its streams were at their end.");
        var (chatEnd, messagesEnd) = (await chat.ReadToEndAsync(), await messages.ReadToEndAsync());

        Assert.True(chatEnd is { EndedProperly: true, IsDone: true, FinishReason: "length" }, chatEnd.ToString());
        Assert.True(messagesEnd.EndedProperly && messagesEnd.Events[^1].Name == "message_stop", messagesEnd.ToString());
        Assert.Equal(0, await server.ExitAsync());
        Assert.False(Signals.Lives(engine));
        Assert.False(File.Exists(Path.Combine(server.Data, "run", "pid")));
        Assert.False(File.Exists(Path.Combine(server.Data, "run", "engine.sock")));
        Assert.Contains("2 answers are still running", server.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_work_it_ends_at_once()
    {
        await using var server = await MilliwaysProcess.StartAsync();
        await server.Api.ChatAsync(Talk.About("Hi", 2)); // leaves an idle connection behind
        server.Signal(Signals.Interrupt);

        Assert.Equal(0, await server.ExitAsync(TimeSpan.FromSeconds(10)));
    }

    private static async Task<bool> ListensAsync(MilliwaysProcess server)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", new Uri(server.Base).Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
