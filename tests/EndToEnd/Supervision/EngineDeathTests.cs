using System.Diagnostics;
using System.Net;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Supervision;

/// <summary>The engine's process is killed, stopped or bereaved; its server and everybody else's requests live on.</summary>
public sealed class EngineDeathTests
{
    private const string Path = "/v1/chat/completions";

    [Fact]
    public async Task A_stream_whose_engine_is_killed_ends_with_an_error_event_and_a_torn_connection_and_the_server_lives()
    {
        await using var server = await MilliwaysProcess.StartAsync();
        await using var chat = await server.Api.StreamAsync(Path, Talk.Long());
        await using var messages = await server.Api.StreamAsync("/v1/messages", Talk.Long());
        await using var compat = await server.Api.StreamAsync($"/v1/{server.Account}/default/compat/chat/completions", Talk.Long());
        await Task.WhenAll(chat.FirstTextAsync(), messages.FirstTextAsync(), compat.FirstTextAsync());

        Signals.Send(server.EngineId(), Signals.Kill);
        var (chatEnd, messagesEnd, compatEnd) = (await chat.ReadToEndAsync(), await messages.ReadToEndAsync(), await compat.ReadToEndAsync());

        Assert.False(chatEnd.EndedProperly || messagesEnd.EndedProperly || compatEnd.EndedProperly);
        Assert.False(chatEnd.IsDone || compatEnd.IsDone);
        Assert.NotNull(chatEnd.Events[^1].Json["error"]);
        Assert.NotNull(compatEnd.Events[^1].Json["error"]!["message"]);
        Assert.Equal(("error", "error"), (messagesEnd.Events[^1].Name, messagesEnd.Events[^1].Json["type"]!.GetValue<string>()));
        Assert.False(server.HasExited);
        const string Said = "The embedded engine stopped while it answered; it is starting again: send the request again.";
        Assert.All([chatEnd, messagesEnd, compatEnd], end => Assert.Contains(Said, end.Events[^1].Json.ToJsonString(), StringComparison.Ordinal));
        await server.Api.ChatAsync(Talk.About("Hi", 2)); // by the next engine
        Assert.Contains("The engine ended unexpectedly (signal SIGKILL)", server.Log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("last words: \n", server.Log.Text.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_answer_that_was_being_made_when_the_engine_died_is_an_error_and_is_not_made_again()
    {
        await using var server = await MilliwaysProcess.StartAsync();
        await server.EngineReadyAsync();
        var body = Talk.Long();
        body["stream"] = false;
        var answering = server.Api.PostAsync(Path, body);
        await Until.TrueAsync(async () => (await server.LoadAsync()).GeneratedTokens > 0, "the answer is being made");

        Signals.Send(server.EngineId(), Signals.Kill);
        var answer = await answering;

        Assert.True(answer.Status == HttpStatusCode.BadGateway, answer.ToString());
        Assert.Equal("1", answer.Header("x-milliways-attempts"));
        Assert.StartsWith("upstream", answer.Header("x-milliways-failed"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_waited_in_the_engine_when_it_was_killed_is_answered_by_the_next()
    {
        await using var server = await MilliwaysProcess.StartAsync(new Setup { Config = """{ "engine": { "sequences": 1 } }""" });
        await using var running = await server.Api.StreamAsync(Path, Talk.Long());
        await running.FirstTextAsync();
        var queued = server.Api.PostAsync(Path, Talk.About("Hi", 2));
        var queuedStream = server.Api.ReadStreamAsync(Path, Talk.About("Hello", 2, ("stream", true)));
        await Until.TrueAsync(async () => (await server.LoadAsync()).Queued == 2, "two requests wait");

        Signals.Send(server.EngineId(), Signals.Kill);

        Assert.False((await running.ReadToEndAsync()).EndedProperly);
        var answer = await queued;
        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        Assert.True(await queuedStream is { IsDone: true, EndedProperly: true });
    }

    [Fact]
    public async Task A_request_that_was_inside_at_two_deaths_is_kept_away_and_others_are_served()
    {
        await using var server = await MilliwaysProcess.StartAsync();
        var poison = Talk.Long("What kills engines?");
        for (var death = 0; death < 2; death++)
        {
            await using var stream = await server.Api.StreamAsync(Path, poison);
            await stream.FirstTextAsync();
            Signals.Send(server.EngineId(), Signals.Kill);
            Assert.False((await stream.ReadToEndAsync()).EndedProperly);
        }

        var refused = await server.Api.PostAsync(Path, poison);
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains("running twice when the engine died", refused.Json["error"]!.GetValue<string>(), StringComparison.Ordinal);
        await server.Api.ChatAsync(Talk.About("Hi", 2));
    }

    [Fact]
    public async Task A_request_that_was_inside_at_one_death_may_come_again()
    {
        await using var server = await MilliwaysProcess.StartAsync();
        await using (var stream = await server.Api.StreamAsync(Path, Talk.Long()))
        {
            await stream.FirstTextAsync();
            Signals.Send(server.EngineId(), Signals.Kill);
            await stream.ReadToEndAsync();
        }

        await using var again = await server.Api.StreamAsync(Path, Talk.Long());
        Assert.Equal(HttpStatusCode.OK, again.Status);
        await again.FirstTextAsync();
    }

    [Fact]
    public async Task An_engine_that_hangs_is_replaced_and_who_waited_for_it_is_answered()
    {
        await using var server = await MilliwaysProcess.StartAsync();
        await server.EngineReadyAsync();
        var hung = server.EngineId();
        var since = Stopwatch.GetTimestamp();
        Signals.Send(hung, Signals.Stop);

        // The contract gives 10 s for the hung process to be replaced: a probe each second, two of them missed after 2 s each. 2 s more are for a busy machine.
        var asking = server.Api.PostAsync(Path, Talk.About("Hi", 2));
        await Until.TrueAsync(() => !Signals.Lives(hung), "the hung engine is killed", TimeSpan.FromSeconds(12) - Stopwatch.GetElapsedTime(since));
        var answer = await asking;

        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        Assert.NotEqual(hung, server.EngineId());
    }

    [Fact]
    public async Task A_stream_whose_engine_hangs_ends_with_an_error_event_and_a_torn_connection_and_a_later_request_is_answered()
    {
        await using var server = await MilliwaysProcess.StartAsync();
        await using var stream = await server.Api.StreamAsync(Path, Talk.Long());
        await stream.FirstTextAsync();
        var hung = server.EngineId();

        Signals.Send(hung, Signals.Stop);
        var end = await stream.ReadToEndAsync();

        Assert.True(end is { EndedProperly: false, IsDone: false }, end.ToString());
        Assert.NotNull(end.Events[^1].Json["error"]);
        await server.Api.ChatAsync(Talk.About("Hi", 2));
        Assert.NotEqual(hung, server.EngineId());
    }

    [Fact]
    public async Task The_engine_is_the_first_to_go_when_memory_runs_out_and_its_managed_heap_has_a_limit()
    {
        await using var server = await MilliwaysProcess.StartAsync();
        await server.EngineReadyAsync();
        var engine = server.EngineId(); // skips where there is no /proc

        Assert.Equal("1000", Signals.OomScore(engine));
        Assert.NotEqual("1000", Signals.OomScore(server.Id));
        Assert.Equal("0x10000000", Signals.EnvironmentOf(engine, "DOTNET_GCHeapHardLimit"));
    }

    [Fact]
    public async Task An_engine_whose_server_is_killed_is_gone_too()
    {
        await using var server = await MilliwaysProcess.StartAsync();
        await using var stream = await server.Api.StreamAsync(Path, Talk.Long());
        await stream.FirstTextAsync();
        var engine = server.EngineId();

        server.Signal(Signals.Kill);

        // The contract says 1 s from the server's death; 1 s more is for a busy machine.
        await Until.TrueAsync(() => !Signals.Lives(engine), "the engine is gone", TimeSpan.FromSeconds(2));
        await server.ExitAsync();
    }

    [Fact]
    public async Task A_server_that_was_killed_starts_again_on_its_data_and_keeps_its_key()
    {
        using var folder = new TemporaryFolder();
        string key;
        await using (var first = await MilliwaysProcess.StartAsync(new Setup { Data = folder.At("data") }))
        {
            key = first.Key;
            first.Signal(Signals.Kill);
            await first.ExitAsync();
        }

        await using var second = await MilliwaysProcess.StartAsync(new Setup { Data = folder.At("data") });
        second.UseKey(key);
        await second.Api.ChatAsync(Talk.About("Hi", 2));
    }
}
