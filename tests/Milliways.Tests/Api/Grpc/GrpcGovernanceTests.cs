using System.Globalization;
using Grpc.Core;
using Milliways.Logs;
using Milliways.Tests.Credits;
using Milliways.Tests.Logs;
using Milliways.Tests.Support;

namespace Milliways.Tests.Api.Grpc;

/// <summary>Credits, limits and the log, exactly as over REST: there is one walk.</summary>
public class GrpcGovernanceTests
{
    private const long Dollar = Milliways.Credits.Money.TicksPerDollar;

    private const long Small = (3 * Credited.Input) + Credited.Output;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_charge_stands_in_usage_and_trailers_is_that_of_REST_and_in_the_books(bool streams)
    {
        await using var credited = await Credited.StartAsync(Dollar);
        credited.Lab.Standing = turn => turn.Request.Text.Contains("\"stream\":true", StringComparison.Ordinal) ? turn.StreamAsync(Answers.ChatStream) : turn.WholeAsync(Answers.Chat);
        using var client = new GrpcClient(credited.Server);
        var request = GrpcClient.Ask("priced");
        request.MaxTokens = 64;

        var (code, ticks, trailers, id) = streams
            ? await client.StreamAsync(request) is var stream ? (stream.Code, stream.Messages[^1].Usage.CostInUsdTicks, stream.Trailers, stream.Meta("x-request-id")) : default
            : await client.CompleteAsync(request) is var whole ? (whole.Code, whole.Message.Usage.CostInUsdTicks, whole.Trailers, whole.Meta("x-request-id")) : default;

        Assert.Equal((StatusCode.OK, Small, Text(Small)), (code, ticks, trailers.GetValue("x-milliways-cost-ticks")));
        Assert.Equal(Dollar - Small, await credited.BalanceAsync());
        var charge = Assert.Single(await credited.ChargesAsync());
        Assert.Equal((-Small, id, "priced", 3, 1, "reported", "completed"), (charge.AmountTicks, charge.RequestId, charge.Model, charge.InputTokens, charge.OutputTokens, charge.UsageSource, charge.Ending));
        Assert.Equal(Text(Small), (await credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("priced", more: ",\"max_tokens\":64"))).Header("x-milliways-cost-ticks"));
        await credited.CheckAsync();
    }

    [Fact]
    public async Task A_caller_that_leaves_pays_what_it_was_sent()
    {
        await using var credited = await Credited.StartAsync(Dollar);
        credited.Lab.Standing = async turn =>
        {
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hello, here I am"));
            await turn.ClosedAsync();
        };
        await using var client = await Http2Client.ConnectAsync(credited.Server);
        var call = await client.CallAsync("/xai_api.Chat/GetCompletionChunk");
        await client.DataAsync(call, Http2Client.Message(Google.Protobuf.MessageExtensions.ToByteArray(GrpcClient.Ask("priced"))), end: true);
        var turn = await credited.Lab.ArrivalAsync();
        await client.On(call).BodyAsync();
        await client.ResetAsync(call);
        await turn.ClosedAsync();

        await credited.NothingHeldAsync();

        var charge = Assert.Single(await credited.ChargesAsync());
        Assert.Equal(("client_gone", "estimated"), (charge.Ending, charge.UsageSource));
        Assert.True(charge.AmountTicks < 0);
    }

    [Fact]
    public async Task A_team_without_credits_is_PERMISSION_DENIED_and_no_upstream_is_asked()
    {
        await using var credited = await Credited.StartAsync(0);
        using var client = new GrpcClient(credited.Server);

        var refused = await client.CompleteAsync(GrpcClient.Ask("priced"));

        Assert.Equal((StatusCode.PermissionDenied, "credits"), (refused.Code, refused.Meta("x-milliways-refused")));
        Assert.Contains("credits", refused.Detail, StringComparison.Ordinal);
        Assert.Empty(credited.Lab.Received);
    }

    [Fact]
    public async Task A_limit_is_RESOURCE_EXHAUSTED_with_when_to_come_back_and_is_shared_with_REST()
    {
        var clock = new ManualTime();
        await using var credited = await Credited.StartAsync(Dollar, """, "limited": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "price": { "input": "0", "output": "0" }, "limits": { "requestsPerMinute": 2 } } """, clock);
        using var client = new GrpcClient(credited.Server);

        var first = await client.CompleteAsync(GrpcClient.Ask("limited"));
        Assert.Equal(200, (await credited.Server.PostAsync("/v1/chat/completions", Answers.Ask("limited"))).Status);
        var third = await client.CompleteAsync(GrpcClient.Ask("limited"));

        Assert.Equal((StatusCode.OK, "1"), (first.Code, first.Meta("x-ratelimit-remaining-requests")));
        Assert.Equal((StatusCode.ResourceExhausted, "limit"), (third.Code, third.Meta("x-milliways-refused")));
        Assert.InRange(int.Parse(third.Meta("retry-after")!, CultureInfo.InvariantCulture), 1, 60);
        Assert.Equal(third.Meta("retry-after") + "000", third.Meta("grpc-retry-pushback-ms"));
        Assert.Equal(2, credited.Lab.Received.Count);
    }

    [Fact]
    public async Task A_call_is_logged_as_a_request_with_what_it_cost()
    {
        await using var credited = await Credited.StartAsync(Dollar);
        using var client = new GrpcClient(credited.Server);
        var answer = await client.CompleteAsync(GrpcClient.Ask("priced"), ("x-milliways-tags", "a,b"));
        var refused = await client.CompleteAsync(GrpcClient.Ask("no-such-model"));

        Assert.Equal("a,b", answer.Meta("x-milliways-tags"));
        var reader = credited.Server.Service<LogReader>();
        var good = (await Logged.UntilAsync(() => reader.FindAsync(credited.Server.Account, answer.Meta("x-request-id")!), entries => entries.Count > 0))[0];
        var bad = (await Logged.UntilAsync(() => reader.FindAsync(credited.Server.Account, refused.Meta("x-request-id")!), entries => entries.Count > 0))[0];
        Assert.Equal((200, true, Small, "grpc", "a,b", "/xai_api.Chat/GetCompletion", 3), (good.StatusCode, good.Success, good.CostTicks, good.RequestType, good.Tags, good.Path, good.TokensIn));
        Assert.Equal((404, false, "client"), (bad.StatusCode, bad.Success, bad.FailedParty));
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
