using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Chat;

/// <summary>What real clients send, and answers they took (recordings under Vectors/).</summary>
public sealed class VectorTests
{
    public static TheoryData<string> Files { get; } = [.. new[]
    {
        "openai", "openai-2", "anthropic", "anthropic-0", "langchain-openai", "langchain-xai", "langchain-anthropic", "litellm", "instructor", "llm", "pydantic-ai",
    }];

    private static IEnumerable<(string Name, bool IsChat, JsonElement Request, JsonElement Answer)> Exchanges(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Golden.Vector(file + ".json")));
        foreach (var vector in document.RootElement.GetProperty("vectors").EnumerateArray())
        {
            foreach (var exchange in vector.GetProperty("exchanges").EnumerateArray())
            {
                var request = exchange.GetProperty("request");
                if (!request.TryGetProperty("path", out var path)) continue;
                var isChat = path.GetString()!.EndsWith("/chat/completions", StringComparison.Ordinal);
                if (!isChat && !path.GetString()!.EndsWith("/messages", StringComparison.Ordinal)) continue;
                yield return ($"{file}: {vector.GetProperty("name")}", isChat, request.GetProperty("body").Clone(), exchange.GetProperty("answer").Clone());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_recorded_request_is_read_and_written_for_the_other_dialect(string file)
    {
        var count = 0;
        foreach (var (name, isChat, body, _) in Exchanges(file))
        {
            var bytes = Encoding.UTF8.GetBytes(body.GetRawText());
            var reading = isChat ? Dialects.OpenAiChat.RequestReader.Read(bytes) : Dialects.Anthropic.RequestReader.Read(bytes);
            Assert.True(reading.IsOk, name + ": " + reading.Failure);
            Assert.Equal(body.GetProperty("model").GetString(), reading.Value!.Model);
            Assert.NotEmpty(reading.Value.Messages);
            Assert.Equal(body.TryGetProperty("tools", out var tools) ? tools.GetArrayLength() : 0, reading.Value.Tools.Count);

            var request = reading.Value with { Logprobs = false, TopLogprobs = null, N = 1 };
            var chat = Requests.Chat(request);
            Assert.True(chat.Failure is null, name + ": " + chat.Failure);
            Assert.True(Dialects.OpenAiChat.RequestReader.Read(chat.Bytes).IsOk);
            var messages = Requests.Messages(request);
            Assert.True(messages.Failure is null, name + ": " + messages.Failure);
            Assert.True(Dialects.Anthropic.RequestReader.Read(messages.Bytes).IsOk);
            count++;
        }

        Assert.NotEqual(0, count);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_recorded_answer_comes_out_as_it_went_in(string file)
    {
        foreach (var (name, isChat, _, answer) in Exchanges(file))
        {
            if (answer.GetProperty("status").GetInt32() != 200) continue;
            var body = answer.GetProperty("body");
            var isStream = body.ValueKind == JsonValueKind.String;
            var text = isStream ? body.GetString()! : body.GetRawText();
            if (isStream && !text.Contains("[DONE]", StringComparison.Ordinal) && !text.Contains("message_stop", StringComparison.Ordinal)) continue;

            var read = (isChat, isStream) switch
            {
                (true, true) => Wire.ReadChat(text, [11]),
                (true, false) => Wire.ReadChatAnswer(text),
                (false, true) => Wire.ReadMessages(text, [11]),
                (false, false) => Wire.ReadMessage(text),
            };
            Assert.True(read.Fold.IsComplete, name + ": " + read.Fold.Failure);

            // Written again in the same dialect, as a stream and whole, it is the same answer.
            var expected = Texts.Of(read.Fold);
            if (read.Fold.Usage is null) continue;
            var stream = isChat ? Wire.ReadChat(Wire.WriteChat(read.Events, Flavour.Xai), [5]) : Wire.ReadMessages(Wire.WriteMessages(read.Events), [5]);
            Assert.Equal(expected, Texts.Of(stream.Fold));
            var whole = isChat ? Wire.ReadChatAnswer(Wire.WriteChatAnswer(read.Fold, Flavour.Xai)) : Wire.ReadMessage(Wire.WriteMessage(read.Fold));
            Assert.Equal(Texts.Of(read.Fold, compact: true), Texts.Of(whole.Fold, compact: true));
        }
    }
}
