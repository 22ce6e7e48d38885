using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Gemini;

/// <summary>Google's proofs survive clients of every dialect, and go to nobody else (dialects 7, 4.9).</summary>
public sealed class SignatureTests
{
    private const string Signature = "c2lnbmVk+/8=";

    [Fact]
    public void Any_signature_comes_out_of_an_id_as_it_went_in() => Dice.Check((dice, _) =>
    {
        var signature = dice.Flip() ? Convert.ToBase64String(Encoding.UTF8.GetBytes(dice.Solid())) : dice.Solid();
        foreach (var id in (string[])[ToolCallIds.Made(dice.Text(), 0, dice.Upto(9)), dice.Solid()])
        {
            var carrying = ToolCallIds.WithSignature(id, signature);
            Assert.Matches("^[a-zA-Z0-9_-]+$", carrying);
            Assert.Equal((signature, ToolCallIds.ForAnthropic(id)), (ToolCallIds.Signature(carrying), ToolCallIds.Bare(carrying)));
            Assert.Equal(carrying, ToolCallIds.ForAnthropic(carrying));
            // What a client has cut is no signature any more, but still the same call.
            var cut = carrying[..^(1 + dice.Upto(4))];
            Assert.Null(ToolCallIds.Signature(cut));
            Assert.Equal(ToolCallIds.Bare(carrying), ToolCallIds.Bare(cut));
            Assert.InRange(ToolCallIds.ForChat(carrying).Length, 1, 40);
            Assert.Equal((ToolCallIds.ForChat(ToolCallIds.Bare(carrying)), ToolCallIds.ForResponses(ToolCallIds.Bare(carrying))), (ToolCallIds.ForChat(carrying), ToolCallIds.ForResponses(carrying)));
        }
    });

    [Fact]
    public void An_id_without_a_signature_is_itself()
    {
        Assert.Equal("toolu_1", ToolCallIds.WithSignature("toolu_1", null));
        Assert.Equal(("toolu_1", null), (ToolCallIds.Bare("toolu_1"), ToolCallIds.Signature("toolu_1")));
        Assert.Null(ToolCallIds.Signature("x_gts_"));
        Assert.Null(ToolCallIds.Signature("x_gts_0123456789"));
    }

    [Theory]
    [InlineData(Flavour.Xai)]
    [InlineData(Flavour.OpenAi)]
    public void A_chat_client_gives_a_calls_signature_back(Flavour flavour)
    {
        var fold = GeminiWire.Read(GeminiWire.Stream(GeminiWire.Trace)).Fold;
        var message = Dice.Json(Wire.WriteChatAnswer(fold, flavour)).GetProperty("choices")[0].GetProperty("message");
        var calls = message.GetProperty("tool_calls").EnumerateArray().ToList();
        var results = calls.Select(call => $$"""{"role":"tool","tool_call_id":{{call.GetProperty("id").GetRawText()}},"content":"ok"}""");

        var sent = GeminiWire.FromChat($$"""{"model":"m","messages":[{"role":"user","content":"Go."},{{message.GetRawText()}},{{string.Join(',', results)}}]}""");

        Assert.Null(sent.Failure);
        Assert.Equal(
            """[{"text":"Hi!"},{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"c2lnbmVk+/8="},{"functionCall":{"name":"g","args":{}}}]""",
            sent.Json.GetProperty("contents")[1].GetProperty("parts").GetRawText());
        Assert.Equal(["f", "g"], sent.Json.GetProperty("contents")[2].GetProperty("parts").EnumerateArray().Select(part => part.GetProperty("functionResponse").GetProperty("name").GetString()));
    }

    [Fact]
    public void A_messages_client_gives_signatures_of_thoughts_texts_and_calls_back()
    {
        var fold = GeminiWire.ReadWhole("""{"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true,"thoughtSignature":"dGhvdWdodA=="},{"text":"So."},{"text":"","thoughtSignature":"dGV4dA=="},{"functionCall":{"name":"f","args":{}},"thoughtSignature":"Y2FsbA=="}]},"finishReason":"STOP"}]}""").Fold;

        var sent = GeminiWire.FromMessages(Again(Dice.Json(Wire.WriteMessage(fold)).GetProperty("content")));

        Assert.Null(sent.Failure);
        Assert.Equal(
            """[{"text":"Hm.","thought":true,"thoughtSignature":"dGhvdWdodA=="},{"text":"So.","thoughtSignature":"dGV4dA=="},{"functionCall":{"name":"f","args":{}},"thoughtSignature":"Y2FsbA=="}]""",
            sent.Json.GetProperty("contents")[1].GetProperty("parts").GetRawText());
    }

    [Fact]
    public void What_Google_signed_goes_to_nobody_else()
    {
        var fold = GeminiWire.ReadWhole("""{"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true,"thoughtSignature":"dGhvdWdodA=="},{"functionCall":{"name":"f","args":{}},"thoughtSignature":"Y2FsbA=="}]},"finishReason":"STOP"}]}""").Fold;
        var request = Requests.ReadMessages(Again(Dice.Json(Wire.WriteMessage(fold)).GetProperty("content"))).Value!;
        var id = ToolCallIds.Bare(fold.Choices[0].Parts.OfType<ChatPart.ToolCall>().Single().Id);

        foreach (var sent in (string[])[Requests.Messages(request).Text, Requests.Chat(request).Text])
        {
            Assert.DoesNotContain("dGhvdWdodA", sent, StringComparison.Ordinal);
            Assert.DoesNotContain("Y2FsbA", sent, StringComparison.Ordinal);
            // The call and its result are still one pair.
            Assert.Equal(2, sent.Split('"' + id + '"').Length - 1);
        }
    }

    [Fact]
    public void What_others_signed_does_not_go_to_Google()
    {
        const string Content = """[{"type":"thinking","thinking":"Secret","signature":"EqQBanthropic"},{"type":"redacted_thinking","data":"xyz"},{"type":"tool_use","id":"toolu_1","name":"f","input":{}}]""";
        var sent = GeminiWire.FromMessages(Again(Dice.Json(Content)));
        Assert.Equal("""[{"functionCall":{"name":"f","args":{}}}]""", sent.Json.GetProperty("contents")[1].GetProperty("parts").GetRawText());
        Assert.DoesNotContain("Secret", GeminiWire.FromChat("""{"model":"m","messages":[{"role":"assistant","content":"x","reasoning_content":"Secret"}]}""").Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_demands_signatures_is_told_that_there_is_none()
    {
        const string Content = """[{"type":"tool_use","id":"toolu_1","name":"f","input":{}},{"type":"tool_use","id":"toolu_2","name":"g","input":{}}]""";
        var parts = GeminiWire.FromMessages(Again(Dice.Json(Content)), "gemini-3-pro-preview").Json.GetProperty("contents")[1].GetProperty("parts");
        Assert.Equal("skip_thought_signature_validator", parts[0].GetProperty("thoughtSignature").GetString());
        Assert.False(parts[1].TryGetProperty("thoughtSignature", out _));
        // A real one stays.
        var signed = $$"""[{"type":"tool_use","id":"{{ToolCallIds.WithSignature("c", Signature)}}","name":"f","input":{} }]""";
        Assert.Equal(Signature, GeminiWire.FromMessages(Again(Dice.Json(signed)), "gemini-3-pro-preview").Json.GetProperty("contents")[1].GetProperty("parts")[0].GetProperty("thoughtSignature").GetString());
    }

    /// <summary>The next request of a client that keeps what it got.</summary>
    private static string Again(JsonElement content)
    {
        var results = content.EnumerateArray().Where(block => block.GetProperty("type").GetString() == "tool_use")
            .Select(block => $$"""{"type":"tool_result","tool_use_id":{{block.GetProperty("id").GetRawText()}},"content":"ok"}""");
        return $$"""{"model":"m","max_tokens":99,"messages":[{"role":"user","content":"Go."},{"role":"assistant","content":{{content.GetRawText()}}},{"role":"user","content":[{{string.Join(',', results)}}]}]}""";
    }
}
