using System.Text.Json;
using Grpc.Core;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Tests.Credits;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api.Grpc;

/// <summary>Chat.CompactContext (xai-api 3.3): a conversation becomes one blob, with which it goes on at any model.</summary>
public class GrpcCompactTests
{
    private const string Compact = "/xai_api.Chat/CompactContext";

    private const long Dollar = Milliways.Credits.Money.TicksPerDollar;

    [Fact]
    public async Task A_conversation_is_written_down_by_the_model_and_goes_on_from_the_blob()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Saying("The user packs a towel.")));
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);

        var compacted = await CompactAsync(client, Conversation());

        Assert.Equal(StatusCode.OK, compacted.Code);
        Assert.StartsWith("cmp_", compacted.Message.Id, StringComparison.Ordinal);
        Assert.Equal((4u, 3, 1), (compacted.Message.DroppedMessageCount, compacted.Message.Usage.PromptTokens, compacted.Message.Usage.CompletionTokens));
        Assert.Equal(["system", "user", "assistant", "user", "user"], Roles(lab.Last.Text));
        Assert.DoesNotContain("stream", lab.Last.Text, StringComparison.Ordinal);

        await client.CompleteAsync(GoOn(compacted.Message.EncryptedContent));

        Assert.Equal(["system", "user", "user"], Roles(lab.Last.Text));
        Assert.Equal("You are Ford.", Text(lab.Last.Text, 0));
        Assert.EndsWith("The user packs a towel.", Text(lab.Last.Text, 1), StringComparison.Ordinal);
        Assert.Equal("And now?", Text(lab.Last.Text, 2));
        Assert.DoesNotContain("Do I need a towel?", lab.Last.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_compacted_conversation_can_be_compacted_again_and_keeps_its_system_messages_word_for_word()
    {
        await using var lab = new FakeUpstream(turn => turn.WholeAsync(Saying("Second record.")));
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);
        var once = await CompactAsync(client, Conversation());
        var longer = new CompactContextRequest { Model = "alpha" };
        longer.Input.AddRange(GoOn(once.Message.EncryptedContent).Messages);

        var twice = await CompactAsync(client, longer);
        await client.CompleteAsync(GoOn(twice.Message.EncryptedContent));

        Assert.Equal(2u, twice.Message.DroppedMessageCount);
        Assert.Equal(["system", "user", "user"], Roles(lab.Last.Text));
        Assert.Equal("You are Ford.", Text(lab.Last.Text, 0));
    }

    [Fact]
    public async Task It_costs_what_the_chat_costs_and_a_model_of_any_dialect_serves_it()
    {
        await using var credited = await Credited.StartAsync(Dollar);
        using var client = new GrpcClient(credited.Server);

        var compacted = await CompactAsync(client, Conversation("priced-claude"));

        const long cost = (3 * Credited.Input) + Credited.Output;
        Assert.Equal((StatusCode.OK, cost), (compacted.Code, compacted.Message.Usage.CostInUsdTicks));
        Assert.Equal(Dollar - cost, await credited.BalanceAsync());
        await credited.CheckAsync();
    }

    [Theory]
    [InlineData("", "stop")]
    [InlineData("  \\n", "stop")]
    [InlineData("half a rec", "length")]
    [InlineData("half a rec", "content_filter")]
    public async Task A_record_that_is_empty_or_cut_off_is_no_record_and_is_paid_as_any_answer(string said, string reason)
    {
        await using var credited = await Credited.StartAsync(Dollar);
        credited.Lab.Standing = turn => turn.WholeAsync(Saying(said, reason));
        using var client = new GrpcClient(credited.Server);

        var refused = await CompactAsync(client, Conversation("priced"));

        Assert.Equal(StatusCode.InvalidArgument, refused.Code); // which no client tries again by itself
        Assert.Contains("cut off", refused.Detail, StringComparison.Ordinal);
        const long cost = (3 * Credited.Input) + Credited.Output;
        Assert.Equal((Dollar - cost, cost.ToString(System.Globalization.CultureInfo.InvariantCulture)), (await credited.BalanceAsync(), refused.Trailers.GetValue("x-milliways-cost-ticks")));
        Assert.Single(credited.Lab.Received);
        await credited.CheckAsync();
    }

    [Fact]
    public async Task What_is_wrong_with_a_compaction_is_named()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);
        var mute = new CompactContextRequest { Model = "alpha" };
        mute.Input.Add(new Message { Role = MessageRole.RoleUser });

        var answers = new[]
        {
            await CompactAsync(client, new CompactContextRequest { Model = "alpha" }), await CompactAsync(client, mute), await CompactAsync(client, Conversation("no-such-model")),
        };

        Assert.Equal([StatusCode.InvalidArgument, StatusCode.InvalidArgument, StatusCode.NotFound], answers.Select(answer => answer.Code));
        Assert.Contains("input", answers[0].Detail, StringComparison.Ordinal);
        Assert.Contains("input[0].content", answers[1].Detail, StringComparison.Ordinal);
        Assert.Empty(lab.Received);
    }

    [Theory]
    [InlineData("mw2.c.!!!")]
    [InlineData("mw2.c.e30=")]
    [InlineData("mw2.c.W10=")]
    [InlineData("mw2.c.eyJzeXN0ZW0iOltudWxsXSwicmVjb3JkIjoiciJ9")] // {"system":[null],"record":"r"}
    [InlineData("mw2.c.eyJzeXN0ZW0iOltdLCJyZWNvcmQiOiIifQ==")] // {"system":[],"record":""}
    [InlineData("mw2.c.eyJzeXN0ZW0iOltdLCJyZWNvcmQiOm51bGx9")] // {"system":[],"record":null}
    [InlineData("made by another server")]
    public async Task A_blob_that_is_not_ours_or_not_whole_is_refused_by_its_place(string blob)
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        using var client = new GrpcClient(server);

        var refused = await client.CompleteAsync(GoOn(blob));

        Assert.Equal(StatusCode.InvalidArgument, refused.Code);
        Assert.Contains("messages[0].encrypted_content", refused.Detail, StringComparison.Ordinal);
        Assert.Empty(lab.Received);
    }

    private static Task<GrpcResult<CompactContextResponse>> CompactAsync(GrpcClient client, CompactContextRequest request) => client.CallAsync<CompactContextRequest, CompactContextResponse>(Compact, request);

    private static CompactContextRequest Conversation(string model = "alpha")
    {
        var request = new CompactContextRequest { Model = model };
        request.Input.Add(Said(MessageRole.RoleSystem, "You are Ford."));
        request.Input.Add(Said(MessageRole.RoleUser, "Do I need a towel?"));
        request.Input.Add(Said(MessageRole.RoleAssistant, "Always."));
        request.Input.Add(Said(MessageRole.RoleUser, "I pack one."));
        return request;
    }

    /// <summary>As xai-sdk sends it.</summary>
    private static GetCompletionsRequest GoOn(string blob)
    {
        var request = new GetCompletionsRequest { Model = "alpha", N = 1 };
        request.Messages.Add(new Message { Role = MessageRole.RoleUser, EncryptedContent = blob });
        request.Messages.Add(Said(MessageRole.RoleUser, "And now?"));
        return request;
    }

    private static Message Said(MessageRole role, string text) => new() { Role = role, Content = { new Content { Text = text } } };

    private static string Saying(string text, string reason = "stop") =>
        Answers.Chat.Replace("\"Hi\"", $"\"{text}\"", StringComparison.Ordinal).Replace("\"finish_reason\":\"stop\"", $"\"finish_reason\":\"{reason}\"", StringComparison.Ordinal);

    private static List<string> Roles(string body) => [.. Messages(body).Select(message => message.GetProperty("role").GetString()!)];

    private static string Text(string body, int at)
    {
        var content = Messages(body)[at].GetProperty("content");
        return content.ValueKind == JsonValueKind.String ? content.GetString()! : content[0].GetProperty("text").GetString()!;
    }

    private static List<JsonElement> Messages(string body) => [.. JsonDocument.Parse(body).RootElement.GetProperty("messages").EnumerateArray()];
}
