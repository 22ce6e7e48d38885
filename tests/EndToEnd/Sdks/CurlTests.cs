using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Sdks;

/// <summary>curl, as people type it.</summary>
public sealed class CurlTests(SharedServer shared)
{
    [Fact]
    public async Task A_whole_answer_is_one_JSON_document()
    {
        var finished = await CurlAsync("/v1/chat/completions", Talk.About("Hi", 4));

        Assert.True(finished.ExitCode == 0, finished.ToString());
        Assert.NotEmpty(JsonNode.Parse(finished.Output)!["choices"]![0]!["message"]!["content"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_stream_ends_with_its_mark_and_without_a_complaint_of_curl()
    {
        var finished = await CurlAsync("/v1/chat/completions", Talk.About("Hi", 4, ("stream", true)));

        Assert.True(finished.ExitCode == 0, finished.ToString());
        Assert.EndsWith("data: [DONE]\n\n", finished.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_of_messages_ends_with_message_stop()
    {
        var finished = await CurlAsync("/v1/messages", Talk.About("Hi", 4, ("stream", true)));

        Assert.True(finished.ExitCode == 0, finished.ToString());
        Assert.EndsWith("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", finished.Output, StringComparison.Ordinal);
    }

    private Task<Finished> CurlAsync(string path, JsonObject body) => Program.RunAsync(
        "curl", ["-sSN", shared.Server.Base + path, "-H", "Content-Type: application/json", "-H", $"Authorization: Bearer {shared.Server.Key}", "-d", body.ToJsonString()]);
}
