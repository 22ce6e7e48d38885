using System.Text.Json;
using Milliways.Dialects.OpenAiResponses;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Conformance;

/// <summary>Chat streams as Responses streams (dialects 5.13, what crosses from Chat).</summary>
public sealed class ToResponsesStreamTests
{
    private static List<JsonElement> Events(params string[] chunks)
    {
        var read = Wire.ReadChat(string.Concat(chunks.Select(chunk => $"data: {chunk}\n\n")) + "data: [DONE]\n\n");
        var request = Callers.Read(ResponsesDialect.Instance, """{"model":"m","input":"Q","stream":true,"include":["message.output_text.logprobs"]}""");
        var stream = Callers.Stream(ResponsesDialect.Instance, request, read.Events);
        return [.. stream[..^2].Split("\n\n").Select(frame => JsonDocument.Parse(frame[(frame.IndexOf("data: ", StringComparison.Ordinal) + 6)..]).RootElement)];
    }

    private static string TypeOf(JsonElement each) => each.GetProperty("type").GetString()!;

    [Fact]
    public void Reasoning_and_text_in_one_chunk_are_two_items_one_after_the_other() // RSP-08 CLIProxyAPI#5659
    {
        var events = Events("""{"choices":[{"index":0,"delta":{"reasoning_content":"R","content":"T"}}]}""", """{"choices":[{"index":0,"delta":{"content":"!"}}]}""", """{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""");
        var items = events.Where(each => TypeOf(each) is "response.output_item.added" or "response.output_item.done").Select(each => $"{TypeOf(each)["response.output_item.".Length..]} {each.GetProperty("output_index")} {each.GetProperty("item").GetProperty("type")}");
        Assert.Equal(["added 0 reasoning", "done 0 reasoning", "added 1 message", "done 1 message"], items);
        Assert.Equal("T!", events.Single(each => TypeOf(each) == "response.output_text.done").GetProperty("text").GetString());
    }

    [Fact]
    public void Parts_have_their_lists_of_annotations_and_logprobs_filled_or_empty() // RSP-09 CLIProxyAPI#5116
    {
        var events = Events("""{"choices":[{"index":0,"delta":{"content":"T"},"logprobs":{"content":[{"token":"T","logprob":-0.5,"bytes":null}]}}]}""",
            """{"choices":[{"index":0,"delta":{"annotations":[{"type":"url_citation","url_citation":{"url":"https://a","title":"A","start_index":0,"end_index":1}}]}}]}""", """{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""");
        var added = events.Single(each => TypeOf(each) == "response.content_part.added").GetProperty("part");
        Assert.Equal(("[]", "[]"), (added.GetProperty("annotations").GetRawText(), added.GetProperty("logprobs").GetRawText()));
        var done = events.Single(each => TypeOf(each) == "response.content_part.done").GetProperty("part");
        Assert.Equal("https://a", done.GetProperty("annotations")[0].GetProperty("url").GetString());
        Assert.Equal(-0.5, done.GetProperty("logprobs")[0].GetProperty("logprob").GetDouble());
        Assert.Equal(1, events.Single(each => TypeOf(each) == "response.output_text.delta").GetProperty("logprobs").GetArrayLength());
    }
}
