using System.Net.Http.Headers;
using System.Text;
using Milliways.Gateway.Settings;
using Milliways.Logs;
using Milliways.Teams;
using Milliways.Tests.Gateway.Support;
using Milliways.Tests.Support;

namespace Milliways.Tests.Logs;

/// <summary>Bodies of requests on a gateway's address: kept whoever reads them, and where whoever is asked wants them kept.</summary>
public sealed class GatewayPayloadTests
{
    private const string Chat = "/openai/chat/completions";

    [Theory]
    [InlineData("/grok/v1/chat/completions", "grok-4")]
    [InlineData(Chat, "gpt-5")]
    [InlineData("/openai/responses", "gpt-5")]
    [InlineData("/anthropic/v1/messages", "claude-x")]
    [InlineData("/openai/embeddings", "text-embedding")]
    [InlineData("/compat/chat/completions", "openai/gpt-5")]
    [InlineData("/openai/audio/speech", "tts-1")] // nobody here reads it: it streams through
    public async Task The_requests_body_is_kept_on_every_address_of_a_gateway(string path, string model)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat));
        await using var server = await GatewayServers.StartAsync(provider, governance: true);
        server.Service<GatewayCommands>().Create(OperatorActor.Instance, new ChangeGateway(null, "pay") { Payloads = "full" });
        var body = Answers.Ask(model, more: ",\"input\":\"x\",\"max_tokens\":5");
        foreach (var (address, headers) in new[] { ("pay", server.Own()), ("default", [.. server.Own(), ("cf-aig-collect-log-payload", "true")]) })
        {
            var answer = await server.PostAsync($"/v1/{server.Account}/{address}{path}", body, headers);
            Assert.Equal(200, answer.Status);
            await KeptAsync(server, answer, body);
        }
    }

    [Fact]
    public async Task A_body_that_streams_through_and_is_no_text_is_kept_byte_for_byte_and_of_none_all_is_kept()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync("{}"));
        await using var server = await GatewayServers.StartAsync(provider, governance: true);
        var bytes = Enumerable.Range(0, 300_000).Select(i => (byte)(i * 7)).ToArray();
        using var content = new StreamContent(new MemoryStream(bytes));
        content.Headers.ContentType = new MediaTypeHeaderValue("audio/wav");
        (string, string)[] headers = [.. server.Own(), ("cf-aig-collect-log-payload", "true")];
        var answer = await server.SendAsync("POST", server.Gateway + "/deepgram/v1/listen", content, headers);
        Assert.Equal((200, bytes.Length), (answer.Status, provider.Last.Body.Length));
        var (entry, payload) = await EntryAsync(server, answer);
        Assert.Equal((true, true, bytes.Length), (entry.HasPayload, entry.RequestComplete, entry.RequestSize));
        Assert.True(bytes.AsSpan().SequenceEqual(payload!.RequestBody));

        var empty = await server.GetAsync(server.Gateway + "/openai/files", [.. server.Own(), ("cf-aig-collect-log-payload", "true")]);
        var (of, none) = await EntryAsync(server, empty);
        Assert.Equal((200, true, 0), (empty.Status, of.RequestComplete, none!.RequestBody.Length));
    }

    [Fact]
    public async Task A_universal_requests_own_body_is_kept_once_and_so_is_a_messages_on_a_socket()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat));
        provider.Then(turn => turn.WholeAsync("{}", 500));
        await using var server = await GatewayServers.StartAsync(provider, governance: true);
        var body = $"[{Step("openai", "")}, {Step("groq", "")}]";
        var answer = await server.PostAsync(server.Gateway, body, [.. server.Own(), ("cf-aig-collect-log-payload", "true")]);
        Assert.Equal("1", answer.Header("cf-aig-step"));
        await KeptAsync(server, answer, body.Replace("Bearer sk-step", new string('*', 14), StringComparison.Ordinal));

        await using var socket = await TestSocket.OpenAsync(server, server.Gateway, options =>
        {
            options.SetRequestHeader("cf-aig-authorization", "Bearer " + server.Key);
            options.SetRequestHeader("cf-aig-collect-log-payload", "true");
        });
        await socket.SendAsync($$"""{"type":"universal.create","request":{{Step("openai", "")}} }""");
        var id = (await socket.ReadAsync()).GetProperty("metadata").GetProperty("logId").GetString()!;
        var entry = (await Logged.UntilAsync(() => server.Service<LogReader>().FindAsync(server.Account, id), entries => entries.Count > 0))[0];
        Assert.Equal(("websocket", true, true), (entry.RequestType, entry.HasPayload, entry.RequestComplete));
        Assert.Contains("\"content\":\"Hello\"", Encoding.UTF8.GetString((await server.Service<LogReader>().PayloadAsync(server.Account, id))!.RequestBody), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_the_log_the_step_that_answers_has_the_word()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat));
        await using var server = await GatewayServers.StartAsync(provider, governance: true);

        // The second step wants its body kept, and has an id and metadata of its own.
        provider.Then(turn => turn.WholeAsync("{}", 500));
        var body = $"[{Step("openai", ""","cf-aig-event-id":"first","cf-aig-metadata":{"n":1}""")}, {Step("groq", ""","cf-aig-collect-log-payload":"true","cf-aig-event-id":"second","cf-aig-metadata":{"n":2}""")}]";
        var kept = await server.PostAsync(server.Gateway, body, [.. server.Own(), ("cf-aig-event-id", "request")]);
        Assert.Equal(("1", "second"), (kept.Header("cf-aig-step"), kept.Header("cf-aig-event-id")));
        await KeptAsync(server, kept, body.Replace("Bearer sk-step", new string('*', 14), StringComparison.Ordinal));
        var both = await Logged.UntilAsync(() => server.Service<LogReader>().FindAsync(server.Account, kept.Header("x-request-id")!), entries => entries.Count == 2);
        Assert.Equal([("first", """{"n":1}""", false), ("second", """{"n":2}""", true)], both.OrderBy(entry => entry.Step).Select(entry => (entry.EventId, entry.Metadata, entry.HasPayload)));
        Assert.Equal(kept.Header("cf-aig-log-id"), both.Single(entry => entry.Step == 1).Id);

        // The first one answers: what the second wants does not count, and neither does what the request says where a step says otherwise.
        var first = await server.PostAsync(server.Gateway, body, server.Own());
        Assert.Equal(("0", "first"), (first.Header("cf-aig-step"), first.Header("cf-aig-event-id")));
        Assert.False((await EntryAsync(server, first)).Entry.HasPayload);
        var against = await server.PostAsync(server.Gateway, $"[{Step("openai", ""","cf-aig-collect-log-payload":"false" """)}]", [.. server.Own(), ("cf-aig-collect-log-payload", "true")]);
        Assert.False((await EntryAsync(server, against)).Entry.HasPayload);
        await Logged.UntilAsync(() => Task.FromResult(server.Service<PayloadBudget>().Held), held => held == 0);
    }

    [Fact]
    public async Task A_step_that_wants_no_entry_has_none_and_the_answer_names_none()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat));
        await using var server = await GatewayServers.StartAsync(provider, governance: true);
        provider.Then(turn => turn.WholeAsync("{}", 500));
        var unwanted = await server.PostAsync(server.Gateway, $"[{Step("openai", "")}, {Step("groq", ""","cf-aig-collect-log":"false" """)}]", server.Own());
        Assert.Equal((200, "1", null), (unwanted.Status, unwanted.Header("cf-aig-step"), unwanted.Header("cf-aig-log-id")));
        var wanted = await server.PostAsync(server.Gateway, $"[{Step("openai", ""","cf-aig-collect-log":"true" """)}]", [.. server.Own(), ("cf-aig-collect-log", "false")]);
        Assert.NotNull(wanted.Header("cf-aig-log-id"));
        await EntryAsync(server, wanted);
        // The step that failed says nothing, so it has its entry; the one that answered does not want one.
        var entries = await server.Service<LogReader>().FindAsync(server.Account, unwanted.Header("x-request-id")!);
        Assert.Equal([(0, "openai")], entries.Select(entry => (entry.Step, entry.Provider)));
    }

    [Fact]
    public async Task A_gateway_says_whether_its_requests_have_entries_and_bodies_and_its_word_counts_within_a_second()
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat));
        await using var server = await GatewayServers.StartAsync(provider, governance: true);
        var gateways = server.Service<GatewayCommands>();
        gateways.Create(OperatorActor.Instance, new ChangeGateway(null, "mine") { CollectLogs = false });
        Task<Answer> AskAsync(params (string, string)[] more) => server.PostAsync($"/v1/{server.Account}/mine{Chat}", Answers.Ask("a"), [.. server.Own(), .. more]);

        var unlogged = await AskAsync();
        var asked = await AskAsync(("cf-aig-collect-log", "true"));
        Assert.Null(unlogged.Header("cf-aig-log-id"));
        Assert.False((await EntryAsync(server, asked)).Entry.HasPayload);
        gateways.Set(OperatorActor.Instance, new ChangeGateway(null, "mine") { CollectLogs = true, Payloads = "full" });
        var full = await AskAsync();
        await KeptAsync(server, full, Answers.Ask("a"));
        Assert.False((await EntryAsync(server, await AskAsync(("cf-aig-collect-log-payload", "false")))).Entry.HasPayload);
        gateways.Set(OperatorActor.Instance, new ChangeGateway(null, "mine") { CollectLogs = false });
        Assert.Null((await AskAsync()).Header("cf-aig-log-id"));
        await EntryAsync(server, await AskAsync(("cf-aig-collect-log", "true")));
        Assert.Equal(4, (await server.Service<LogReader>().ListAsync(new LogQuery(server.Account, []))).Count);
        Assert.Empty(await server.Service<LogReader>().FindAsync(server.Account, unlogged.Header("x-request-id")!));
    }

    [Theory]
    [InlineData("/compat/chat/completions", "openai/a", true)]
    [InlineData("/openai/compat/chat/completions", "a", false)]
    [InlineData("", "openai/a", true)]
    public async Task What_came_through_compat_says_so_and_nothing_else_does(string path, string model, bool isCompat)
    {
        await using var provider = new FakeUpstream(turn => turn.WholeAsync(Answers.Chat));
        await using var server = await GatewayServers.StartAsync(provider, governance: true);
        var body = path.Length > 0 ? Answers.Ask(model) : Step("compat", "", model);
        var answer = await server.PostAsync(server.Gateway + path, body, server.Own());
        Assert.Equal(200, answer.Status);
        Assert.Equal(isCompat, (await EntryAsync(server, answer)).Entry.Compat);
    }

    private static string Step(string provider, string headers, string model = "a") =>
        $$"""{"provider":"{{provider}}","endpoint":"chat/completions","headers":{"Authorization":"Bearer sk-step"{{headers}}},"query":{{Answers.Ask(model)}}}""";

    private static async Task<(LogEntry Entry, LogPayload? Payload)> EntryAsync(TestServer server, Answer answer)
    {
        var entry = (await Logged.UntilAsync(() => server.Service<LogReader>().FindAsync(server.Account, answer.Header("x-request-id")!), entries => entries.Count > 0))[0];
        return (entry, await server.Service<LogReader>().PayloadAsync(server.Account, entry.Id));
    }

    private static async Task KeptAsync(TestServer server, Answer answer, string body)
    {
        var (entry, payload) = await EntryAsync(server, answer);
        Assert.Equal((true, true, true), (entry.HasPayload, entry.RequestComplete, entry.ResponseComplete));
        Assert.Equal((body, answer.Text), (Encoding.UTF8.GetString(payload!.RequestBody), Encoding.UTF8.GetString(payload.ResponseBody)));
        Assert.Equal(Encoding.UTF8.GetByteCount(body), entry.RequestSize);
    }
}
