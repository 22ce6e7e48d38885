using System.Globalization;
using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Grpc;

/// <summary>Answers as <c>@grpc/grpc-js</c> gets them, whole, streamed, left and broken; and what they cost.</summary>
public sealed class AnswerTests(GrpcBench bench) : IClassFixture<GrpcBench>
{
    [Fact]
    public async Task A_whole_answer_has_its_text_and_usage_and_its_cost_in_trailer_message_and_statement_is_one_number()
    {
        var request = bench.Ask();
        var call = await bench.Client.CallAsync("Chat/GetCompletion", request);

        Assert.Equal(("OK", ""), ((await call.EndAsync()).Code, (await call.EndAsync()).Details));
        var (output, usage) = (Assert.Single(call.Message["outputs"]!.AsArray())!, call.Message["usage"]!);
        Assert.Equal(("Forty-two.", "ROLE_ASSISTANT", "REASON_STOP"), (Text(output["message"]!["content"]), Text(output["message"]!["role"]), Text(output["finish_reason"])));
        Assert.Equal((5, 3, 8), (Number(usage["prompt_tokens"]), Number(usage["completion_tokens"]), Number(usage["total_tokens"])));
        await CostsAsync(call, call.Message, GrpcBench.Usual);
        var asked = bench.Upstream.Asked.Single(asked => asked.Body.Contains(Text(request["messages"]![0]!["content"]![0]!["text"]), StringComparison.Ordinal));
        Assert.Equal(("/v1/chat/completions", "Bearer k", "alpha"), (asked.Path, asked.Authorization, Text(JsonNode.Parse(asked.Body)!["model"])));
    }

    [Fact]
    public async Task Deltas_arrive_while_the_upstream_still_writes_and_the_last_one_has_usage_and_cost()
    {
        var (first, second) = (new TaskCompletionSource(), new TaskCompletionSource());
        var call = await bench.Client.BeginAsync("Chat/GetCompletionChunk", bench.Ask(async http =>
        {
            var stream = new UpstreamStream(http);
            await stream.TextAsync("One ");
            await first.Task;
            await stream.TextAsync("two ");
            await second.Task;
            await stream.AllAsync("three");
        }));

        await UntilTextAsync(call, "One ");
        first.SetResult();
        await UntilTextAsync(call, "One two ");
        second.SetResult();
        Assert.Equal("OK", (await call.EndAsync()).Code);
        Assert.Equal("One two three", call.Text);
        var id = Text(call.Message["id"]);
        Assert.All(call.Messages, chunk =>
        {
            Assert.Equal((id, "alpha"), (Text(chunk["id"]), Text(chunk["model"]))); // the model that answers, as the upstream has it
            Assert.True(Number(chunk["created"]!["seconds"]) > 0);
            Assert.All(chunk["outputs"]!.AsArray(), output => Assert.Equal("ROLE_ASSISTANT", Text(output!["delta"]!["role"])));
        });
        var totals = call.Messages.SkipLast(1).Select(chunk => Number(chunk["usage"]!["total_tokens"])).ToList(); // guessed, until the upstream tells at the end
        Assert.Equal(totals.Order(), totals);
        Assert.True(totals[0] > 0);
        var last = call.Messages.Last();
        Assert.Equal("REASON_STOP", Text(last["outputs"]![0]!["finish_reason"]));
        Assert.Equal(8, Number(last["usage"]!["total_tokens"]));
        await CostsAsync(call, last, GrpcBench.Usual);
    }

    [Theory, InlineData("Chat/GetCompletion"), InlineData("Chat/GetCompletionChunk")]
    public async Task A_deadline_ends_the_call_and_the_upstream_is_left(string method)
    {
        var left = new TaskCompletionSource();
        var call = await bench.Client.CallAsync(method, bench.Ask(async http =>
        {
            await UpstreamStream.LeftAsync(http);
            left.SetResult();
        }), timeoutMs: 300);

        Assert.Equal("DEADLINE_EXCEEDED", (await call.EndAsync()).Code);
        await left.Task.WaitAsync(Patience.Short);
    }

    [Fact]
    public async Task A_stream_that_is_cancelled_leaves_the_upstream_and_costs_what_was_delivered()
    {
        var left = new TaskCompletionSource();
        var call = await bench.Client.BeginAsync("Chat/GetCompletionChunk", bench.Ask(async http =>
        {
            await new UpstreamStream(http).TextAsync("123456789 123456789 123456789 ");
            await UpstreamStream.LeftAsync(http);
            left.SetResult();
        }));
        await UntilTextAsync(call, "123456789 123456789 123456789 ");
        await call.CancelAsync();

        Assert.Equal("CANCELLED", (await call.EndAsync()).Code);
        await left.Task.WaitAsync(Patience.Short);
        // One token for three bytes of thirty (docs/prices.md), and a prompt of some ten tokens by the same measure.
        var charged = await GrpcBench.ChargeAsync(bench.Server, Text((await call.HeadAsync())["x-request-id"]));
        Assert.InRange(charged - 10 * GrpcBench.Output, GrpcBench.Input, 40 * GrpcBench.Input);
    }

    [Theory, InlineData("torn"), InlineData("ended"), InlineData("error")]
    public async Task A_stream_that_breaks_upstream_has_its_text_and_a_status_that_is_not_OK(string how)
    {
        var seen = new TaskCompletionSource();
        var call = await bench.Client.BeginAsync("Chat/GetCompletionChunk", bench.Ask(async http =>
        {
            var stream = new UpstreamStream(http);
            await stream.TextAsync("One ");
            await seen.Task;
            if (how == "torn")
                http.Abort();
            if (how == "error")
                await stream.SendAsync("""{"error":{"message":"Overloaded","type":"server_error","param":null,"code":null}}""");
        }));
        await UntilTextAsync(call, "One ");
        seen.SetResult();

        var end = await call.EndAsync();
        Assert.Equal("One ", call.Text);
        Assert.Contains(end.Code, new[] { "UNAVAILABLE", "INTERNAL" });
        Assert.NotEmpty(end.Details);
        Assert.DoesNotContain(call.Messages.SelectMany(chunk => chunk["outputs"]!.AsArray()), output => Text(output!["finish_reason"]) == "REASON_STOP");
    }

    [Fact]
    public async Task Two_hundred_streams_run_at_once_on_one_connection()
    {
        const int Crowd = 200;
        var (running, all) = (0, new TaskCompletionSource());
        var calls = new List<GrpcJsCall>();
        for (var i = 0; i < Crowd; i++)
        {
            var text = $"answer {i.ToString(CultureInfo.InvariantCulture)}";
            calls.Add(await bench.Client.BeginAsync("Chat/GetCompletionChunk", bench.Ask(async http =>
            {
                if (Interlocked.Increment(ref running) == Crowd)
                    all.SetResult();
                await all.Task;
                await new UpstreamStream(http).AllAsync(text);
            })));
        }

        await all.Task.WaitAsync(Patience.Long);
        for (var i = 0; i < Crowd; i++)
        {
            Assert.Equal("OK", (await calls[i].EndAsync()).Code);
            Assert.Equal($"answer {i.ToString(CultureInfo.InvariantCulture)}", calls[i].Text);
        }
        Assert.DoesNotContain("\"connections\":2", bench.Client.Wire, StringComparison.Ordinal);
    }

    private async Task CostsAsync(GrpcJsCall call, JsonNode message, long cost)
    {
        var end = await call.EndAsync();
        Assert.Equal(cost.ToString(CultureInfo.InvariantCulture), end.Trailer("x-milliways-cost-ticks"));
        Assert.Equal(cost, Number(message["usage"]!["cost_in_usd_ticks"]));
        Assert.Equal(cost, await GrpcBench.ChargeAsync(bench.Server, Text((await call.HeadAsync())["x-request-id"])));
    }

    private static async Task UntilTextAsync(GrpcJsCall call, string text)
    {
        while (call.Text != text)
            await call.NextAsync();
    }

    private static string Text(JsonNode? node) => node?.GetValue<string>() ?? "";

    private static long Number(JsonNode? node) => node?.GetValue<long>() ?? 0;
}
