using System.Text.Json.Nodes;
using Milliways.EndToEnd.Crossed;
using Milliways.EndToEnd.Support.Scripted;

namespace Milliways.EndToEnd.Recorded;

/// <summary>
/// Every HTTP request that was recorded from a Python client (tests/Milliways.Dialects.Tests/Vectors) is sent again as it was, in front of every
/// upstream dialect, and answered with what that client reads.
/// </summary>
public sealed class RecordedRequestsTests(CrossedBench bench)
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Vectors");

    private static readonly IReadOnlyList<RecordedRequest> All = [.. Directory.GetFiles(Folder, "*.json").Order(StringComparer.Ordinal).SelectMany(RecordedRequest.Read)];

    public static TheoryData<string, string> Cells { get; } = new(
        from recorded in All
        from upstream in recorded.IsChat ? ScriptedUpstream.Dialects : ["openai-chat"]
        select (recorded.Name, upstream));

    [Theory, MemberData(nameof(Cells))]
    public async Task A_recorded_request_is_answered_with_what_its_client_reads(string name, string upstream)
    {
        var recorded = All.Single(one => one.Name == name);
        var (server, _) = await bench.ReadyAsync();
        var id = recorded.NeedsResponse ? await CreateAsync(server, upstream) : "";
        using var http = new HttpClient();
        using var request = recorded.Request(server.Base, server.Account, server.Key, upstream, id);
        using var response = await http.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();

        var expected = Expectation.Of(recorded, upstream);
        Assert.True(expected.Status == (int)response.StatusCode, $"{(int)response.StatusCode}, not {expected.Status}: {body}");
        if (expected.Field is not null)
            Assert.Contains(expected.Field, body, StringComparison.Ordinal);
        if (expected.Status == 200)
            Shapes.Check(recorded, upstream, response.Content.Headers.ContentType?.MediaType, body);
        else
            Shapes.CheckError(recorded, body);
    }

    [Fact]
    public void No_recorded_request_is_skipped()
    {
        Assert.Equal(12, Directory.GetFiles(Folder, "*.json").Length);
        // xai-sdk.json, and one in pydantic-ai.json, are calls over gRPC: RecordedCallsTests.
        Assert.Equal(171, All.Count);
        Assert.Equal(All.Count, All.Select(recorded => recorded.Name).Distinct().Count());
        Assert.Equal(All.Sum(recorded => recorded.IsChat ? 4 : 1), Cells.Count);
    }

    /// <summary>A stored response for the requests that read or continue one.</summary>
    private static async Task<string> CreateAsync(Support.MilliwaysProcess server, string upstream)
    {
        var answer = await server.Api.PostAsync("/v1/responses", new JsonObject { ["model"] = $"grok-beta@{upstream}", ["input"] = "Hi" });
        Assert.True(answer.Status == System.Net.HttpStatusCode.OK, answer.ToString());
        return answer.Json["id"]!.GetValue<string>();
    }
}
