using Microsoft.AspNetCore.Http;
using Milliways.Api;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

/// <summary>The budget is the process's, so nobody else may send bodies meanwhile.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class Alone;

[Collection("alone")]
public sealed class BodyBudgetTests
{
    [Fact]
    public async Task What_does_not_fit_into_the_budget_for_bodies_is_503_and_fits_again_when_others_have_ended()
    {
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.WithLabAsync(lab);
        using var others = new Exchange(new DefaultHttpContext(), new ChatFront(Flavour.Xai), "req_others", TimeProvider.System);
        Assert.Null(RequestBody.Reserve(others, RequestBody.Budget - RequestBody.Held - 10));

        var refused = await server.PostAsync("/v1/chat/completions", Answers.Ask());
        RequestBody.Release(others);
        var served = await server.PostAsync("/v1/chat/completions", Answers.Ask());

        Assert.Equal((503, "overload", "1"), (refused.Status, refused.Header("x-milliways-refused"), refused.Header("Retry-After")));
        Assert.Contains("too many large requests", refused.Text, StringComparison.Ordinal);
        Assert.Equal(200, served.Status);
        Assert.Single(lab.Received);
        Assert.Equal(0, RequestBody.Held);
    }

    [Fact]
    public async Task A_bodys_share_is_given_back_when_its_answer_begins_not_when_it_ends()
    {
        var (begin, end) = (new Gate(), new Gate());
        await using var lab = new FakeUpstream(async turn =>
        {
            await begin.WaitAsync();
            await turn.BeginAsync();
            await turn.SendAsync(Answers.Role + Answers.Chunk("Hi"));
            await end.WaitAsync();
            await turn.SendAsync(Answers.Finish + Answers.Done);
            await turn.EndAsync();
        });
        await using var server = await TestServer.WithLabAsync(lab);
        await using var client = await RawClient.ConnectAsync(server);
        var body = Answers.Ask(stream: true, more: $",\"user\":\"{new string('u', 100_000)}\"");
        await client.PostAsync("/v1/chat/completions", body);
        await lab.ArrivalAsync();
        Assert.InRange(RequestBody.Held, body.Length, 2 * body.Length);

        begin.Open();
        await client.HeadAsync();
        while (!(await client.EventAsync())!.Contains("Hi", StringComparison.Ordinal)) { }
        Assert.Equal(0, RequestBody.Held);

        end.Open();
        Assert.EndsWith(Answers.Done, await client.RestTextAsync(), StringComparison.Ordinal);
    }
}
