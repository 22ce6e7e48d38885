using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Milliways.Api;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

/// <summary>Each server has a budget of its own for bodies (design §4, "Memory").</summary>
public sealed class BodyBudgetTests
{
    [Fact]
    public async Task What_does_not_fit_into_the_budget_for_bodies_is_503_and_fits_again_when_others_have_ended()
    {
        await using var lab = new FakeUpstream();
        await using var server = await SmallAsync(lab);
        await using var neighbour = await TestServer.WithLabAsync(lab);
        var budget = server.Service<BodyBudget>();
        using var others = new Exchange(new DefaultHttpContext(), new ChatFront(Flavour.Xai), "req_others", TimeProvider.System, budget);
        Assert.Null(budget.Reserve(others, RequestBody.MostBytes - 10));

        var refused = await server.PostAsync("/v1/chat/completions", Answers.Ask());
        Assert.Equal(200, (await neighbour.PostAsync("/v1/chat/completions", Answers.Ask())).Status);
        budget.Release(others);
        var served = await server.PostAsync("/v1/chat/completions", Answers.Ask());

        Assert.Equal((503, "overload", "1"), (refused.Status, refused.Header("x-milliways-refused"), refused.Header("Retry-After")));
        Assert.Contains("too many large requests", refused.Text, StringComparison.Ordinal);
        Assert.Equal(200, served.Status);
        Assert.Equal(2, lab.Received.Count);
        Assert.Equal(0, budget.Held);
    }

    [Fact]
    public async Task A_body_that_grows_beyond_the_budget_while_it_arrives_is_503_too()
    {
        await using var lab = new FakeUpstream();
        await using var server = await SmallAsync(lab);
        var budget = server.Service<BodyBudget>();
        using var others = new Exchange(new DefaultHttpContext(), new ChatFront(Flavour.Xai), "req_others", TimeProvider.System, budget);
        Assert.Null(budget.Reserve(others, RequestBody.MostBytes - 100_000));
        await using var client = await RawClient.ConnectAsync(server);
        await client.SendAsync($"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.Key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        await client.SendAsync($"{200_000:x}\r\n{new string(' ', 200_000)}\r\n");

        Assert.Equal(503, (await client.HeadAsync()).Status);
        await client.RestAsync();
        Assert.Empty(lab.Received);
        // What it held is given back when the exchange has ended, which is just behind its answer.
        await Task.Run(async () =>
        {
            while (budget.Held != RequestBody.MostBytes - 100_000)
                await Task.Yield();
        }).Soon();
    }

    /// <summary>A server with the smallest budget there is: one body.</summary>
    private static Task<TestServer> SmallAsync(FakeUpstream lab) =>
        TestServer.StartAsync($$"""{ "upstreams": { "lab": {{TestServer.Lab(lab)}} } }""", more: services => services.AddSingleton(new BodyBudget(0)));

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
        Assert.InRange(server.Service<BodyBudget>().Held, body.Length, 2 * body.Length);

        begin.Open();
        await client.HeadAsync();
        while (!(await client.EventAsync())!.Contains("Hi", StringComparison.Ordinal)) { }
        Assert.Equal(0, server.Service<BodyBudget>().Held);

        end.Open();
        Assert.EndsWith(Answers.Done, await client.RestTextAsync(), StringComparison.Ordinal);
    }
}
