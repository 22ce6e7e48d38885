using System.Text;
using Milliways.Exchanges.Redaction;
using Milliways.Keys;
using Milliways.Logs;
using Milliways.Tests.Support;

namespace Milliways.Tests.Logs;

/// <summary>Heads and bodies: kept as they were, within bounds, and without a secret.</summary>
public sealed class PayloadTests
{
    private const string Full = """{ "payloads": "full" }""";

    [Fact]
    public async Task Bodies_are_kept_byte_for_byte_as_they_came_and_went_whole_and_streamed()
    {
        await using var logged = await Logged.StartAsync(Full);
        foreach (var stream in new[] { false, true })
        {
            if (stream)
                logged.Lab.Then(turn => turn.StreamAsync(Answers.ChatStream));
            var answer = await logged.AskAsync(stream: stream);
            var entry = await logged.EntryAsync(answer);
            var payload = await logged.Reader.PayloadAsync(logged.Server.Account, entry.Id);
            Assert.Equal((true, true, true), (entry.HasPayload, entry.RequestComplete, entry.ResponseComplete));
            Assert.Equal((Answers.Ask("priced", stream), answer.Text), (Encoding.UTF8.GetString(payload!.RequestBody), Encoding.UTF8.GetString(payload.ResponseBody)));
            Assert.StartsWith($"POST {Logged.Chat} HTTP/1.1\r\n", payload.RequestHead, StringComparison.Ordinal);
            Assert.Contains("Authorization: [redacted]\r\n", payload.RequestHead, StringComparison.Ordinal);
            Assert.Contains($"x-request-id: {entry.RequestId}\r\n", payload.ResponseHead, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_refusals_body_is_kept_too_and_another_team_does_not_get_it()
    {
        await using var logged = await Logged.StartAsync(Full);
        var answer = await logged.AskAsync("nothing");
        var entry = await logged.EntryAsync(answer);
        Assert.Equal(answer.Text, Encoding.UTF8.GetString((await logged.Reader.PayloadAsync(logged.Server.Account, entry.Id))!.ResponseBody));
        Assert.Null(await logged.Reader.PayloadAsync(new string('a', 32), entry.Id));
    }

    [Fact]
    public async Task No_secret_of_a_request_comes_into_the_store_wherever_it_stands()
    {
        await using var logged = await Logged.StartAsync(Full);
        var secrets = Enumerable.Range(0, 8).Select(i => $"sk-foreign-secret-{i}-{new string((char)('a' + i), 20)}").ToArray();
        var ours = KeyText.Create();
        logged.Lab.Standing = turn => turn.WholeAsync(Answers.Chat.Replace("\"Hi\"", $"\"provided: {secrets[0]} and {TestServer.UpstreamKey}\"", StringComparison.Ordinal));
        var body = Answers.Ask("priced", more:
            $$""","headers":{"Authorization":"Bearer {{secrets[5]}}","X-API-Key" : "{{secrets[6]}}"},"api_key":"{{secrets[7]}}","user":"{{ours}} {{secrets[1]}}" """);
        var answer = await logged.Server.PostAsync($"{Logged.Chat}?key={secrets[3]}&api_key={secrets[4]}&x=1", body,
            ("api-key", secrets[0]), ("x-goog-api-key", secrets[1]), ("xi-api-key", secrets[2]), ("Cookie", "session=" + secrets[2]), ("User-Agent", "agent/" + ours), ("x-milliways-tags", secrets[0]), ("x-note", ours));
        var entry = await logged.EntryAsync(answer);
        var refused = await logged.EntryAsync(await logged.AskAsync(headers: ("x-api-key", secrets[4])), team: "");
        var payload = (await logged.Reader.PayloadAsync(logged.Server.Account, entry.Id))!;

        Assert.Equal((true, true, "key"), (entry.HasPayload, entry.RequestComplete, refused.Refused));
        Assert.Contains("?key=[redacted]&api_key=[redacted]&x=1", payload.RequestHead, StringComparison.Ordinal);
        Assert.Equal(Encoding.UTF8.GetByteCount(body), payload.RequestBody.Length);
        Assert.Contains("\"user\":\"xai-mw-***", Encoding.UTF8.GetString(payload.RequestBody), StringComparison.Ordinal);
        Assert.Contains("provided: ****", Encoding.UTF8.GetString(payload.ResponseBody), StringComparison.Ordinal);
        foreach (var secret in secrets.Concat([ours, logged.Server.Key]))
            Assert.DoesNotContain(await StoredFiles.WithAsync(logged.Server.Data, secret[(secret.Length / 4)..(secret.Length * 3 / 4)]), file => file.StartsWith("logs.db", StringComparison.Ordinal));
        Assert.Equal(["milliways.json"], await StoredFiles.WithAsync(logged.Server.Data, TestServer.UpstreamKey));
    }

    [Fact]
    public async Task Bodies_beyond_ten_mebibytes_are_cut_and_said_to_be()
    {
        await using var logged = await Logged.StartAsync(Full);
        logged.Lab.Standing = turn => turn.WholeAsync(Answers.Chat.Replace("\"Hi\"", $"\"{new string('y', 6 << 20)}\"", StringComparison.Ordinal));
        var body = Answers.Ask("priced", more: $",\"user\":\"{new string('x', 6 << 20)}\"");
        var entry = await logged.EntryAsync(await logged.Server.PostAsync(Logged.Chat, body));
        var payload = (await logged.Reader.PayloadAsync(logged.Server.Account, entry.Id))!;
        Assert.Equal((true, false), (entry.RequestComplete, entry.ResponseComplete));
        Assert.Equal((body.Length, PayloadCapture.MostBytes), (payload.RequestBody.Length, payload.RequestBody.Length + payload.ResponseBody.Length));
        Assert.True(entry.ResponseSize > 6 << 20);
        await Logged.UntilAsync(() => Task.FromResult(logged.Server.Service<PayloadBudget>().Held), held => held == 0);
    }

    [Fact]
    public async Task Without_payloads_no_byte_of_a_body_is_copied()
    {
        await using var logged = await Logged.StartAsync();
        var entry = await logged.EntryAsync(await logged.AskAsync());
        Assert.Equal((false, false), (entry.HasPayload, entry.RequestComplete));
        Assert.Null(await logged.Reader.PayloadAsync(logged.Server.Account, entry.Id));
        Assert.Empty(await StoredFiles.WithAsync(logged.Server.Data, "\"content\":\"Hello\""));
    }

    [Fact]
    public void What_the_budget_does_not_have_is_cut_off_and_given_back_with_the_capture()
    {
        var budget = new PayloadBudget(100);
        using (var first = new PayloadCapture(budget))
        {
            first.Request(new byte[60], isLast: true);
            using var second = new PayloadCapture(budget);
            second.Request(new byte[30], isLast: true);
            second.Response(new byte[8]);
            second.Response(new byte[8]);
            second.Response(new byte[1]);
            Assert.Equal((true, false, 10), (second.IsRequestComplete, second.IsResponseComplete, second.ResponseBody.Length));
            Assert.Equal(100, budget.Held);
        }
        Assert.Equal(0, budget.Held);
    }

    [Theory]
    [InlineData("""{"a":{"Authorization":"Bearer abc\"def"},"k":1}""", """{"a":{"Authorization":"***************"},"k":1}""")]
    [InlineData("""{"x-api-key":["kept"],"api_key":"abc","api_keys":"abc"}""", """{"x-api-key":["kept"],"api_key":"***","api_keys":"abc"}""")]
    [InlineData("""{"\u0061pi_key":"abc"}""", """{"\u0061pi_key":"***"}""")]
    [InlineData("""{"api_key":"abcdef""", """{"api_key":*******""")]
    [InlineData("""data: {"k":"the-secret-text and xai-mw-a1B-2 xai-token-mw-zz."}""", """data: {"k":"*************** and xai-mw-***** xai-token-mw-**."}""")]
    [InlineData("no JSON at all", "no JSON at all")]
    public void A_body_is_redacted_in_place(string body, string kept)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        new Redactor(["the-secret-text"]).Body(bytes);
        Assert.Equal(kept, Encoding.UTF8.GetString(bytes));
    }
}
