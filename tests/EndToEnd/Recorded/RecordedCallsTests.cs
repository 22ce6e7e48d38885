using Milliways.EndToEnd.Crossed;
using Milliways.EndToEnd.Support;
using Milliways.EndToEnd.Support.Scripted;

namespace Milliways.EndToEnd.Recorded;

/// <summary>
/// Every gRPC call that was recorded from xai-sdk and pydantic-ai is made again with its own bytes and metadata, chat in front of every upstream dialect, and
/// answered with what the SDK reads.
/// </summary>
public sealed class RecordedCallsTests(CrossedBench bench, SharedServer engine)
{
    private static readonly IReadOnlyList<RecordedConversation> All =
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Vectors"), "*.json").Order(StringComparer.Ordinal).SelectMany(RecordedConversation.Read)];

    public static TheoryData<string, string> Cells { get; } = new(
        from recorded in All
        from upstream in recorded.IsChat ? ScriptedUpstream.Dialects : ["openai-chat"]
        select (recorded.Name, upstream));

    [Theory, MemberData(nameof(Cells))]
    public async Task A_recorded_call_is_answered_with_what_the_SDK_reads(string name, string upstream)
    {
        // The scripted upstream has no tokens; the engine has.
        var server = name.EndsWith("tokenize", StringComparison.Ordinal) ? engine.Server : (await bench.ReadyAsync()).Server;
        var address = server.Ready["grpc"]!.GetValue<string>();
        using var http = new HttpClient();
        var id = "";
        foreach (var call in All.Single(one => one.Name == name).Calls)
        {
            Task<RawAnswer> SendAsync() => RawCall.SendAsync(http, address, call.Method, call.Metadata(server.Key), call.Deadline, call.For(upstream, id));
            var answer = await SendAsync();
            if (Refused(name, upstream) is { } refused)
            {
                Assert.True(answer.Status == "3" && answer.Detail.Contains(refused, StringComparison.Ordinal), answer.ToString());
                return;
            }
            Assert.True(answer.Status == Status(call), $"{answer.Status} {answer.Detail}");
            if (call.Method == "/xai_api.Chat/GetDeferredCompletion")
            {
                while (SdkView.IsPending(answer))
                    answer = await SendAsync();
                SdkView.Done(answer);
                return; // it can be fetched once; the recorded polls behind it are the same call
            }
            if (answer.Messages.Count > 0)
                id = SdkView.Check(call, answer) is { } made && id.Length == 0 ? made : id; // later calls name the first answer
            else
                Assert.NotEmpty(answer.Detail);
        }
    }

    [Fact]
    public void No_recorded_call_is_skipped()
    {
        Assert.Equal(22, All.Count);
        Assert.Equal(32, All.Sum(recorded => recorded.Calls.Count));
        Assert.Equal(22, All.Select(recorded => recorded.Name).Distinct().Count());
    }

    /// <summary>What an upstream cannot be told is refused, naming the field (docs/capabilities.md).</summary>
    private static string? Refused(string name, string upstream) => (name, upstream) switch
    {
        ("xai-sdk: sample_batch", "openai-responses" or "anthropic") => "n",
        ("xai-sdk: sample with parameters", "openai-responses") => "stop",
        ("xai-sdk: sample with parameters", "anthropic") => "logprobs",
        _ => null,
    };

    private static string Status(RecordedCall call) => call.Status switch
    {
        "OK" => "0",
        "StatusCode.NOT_FOUND" => "5",
        "StatusCode.UNAVAILABLE" => "14",
        _ => throw new InvalidOperationException(call.Status),
    };
}
