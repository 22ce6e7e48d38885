using System.Text;
using System.Text.Json;
using Milliways.Dialects.OpenAiResponses;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.OpenAiResponses;

/// <summary>What real clients send to /responses, and answers they took (recordings under Vectors/).</summary>
public sealed class VectorTests
{
    public static TheoryData<string> Files => ["openai", "openai-2", "langchain-openai", "litellm", "pydantic-ai"];

    private static IEnumerable<(string Name, JsonElement Request, JsonElement Answer)> Exchanges(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Golden.Vector(file + ".json")));
        foreach (var vector in document.RootElement.GetProperty("vectors").EnumerateArray())
        {
            foreach (var exchange in vector.GetProperty("exchanges").EnumerateArray())
            {
                var request = exchange.GetProperty("request");
                if (request.TryGetProperty("path", out var path) && path.GetString()!.EndsWith("/responses", StringComparison.Ordinal))
                    yield return ($"{file}: {vector.GetProperty("name")}", request.GetProperty("body").Clone(), exchange.GetProperty("answer").Clone());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_recorded_request_is_read_and_written_for_every_upstream(string file)
    {
        var count = 0;
        foreach (var (name, body, _) in Exchanges(file))
        {
            var reading = RequestReader.Read(Encoding.UTF8.GetBytes(body.GetRawText()), new ResponsesReadOptions { Earlier = [], KeepsAnswers = true });
            Assert.True(reading.IsOk, name + ": " + reading.Failure);
            Assert.NotEmpty(reading.Value!.Messages);
            foreach (var written in new[] { Responses.Upstream(reading.Value), Requests.Chat(reading.Value), Requests.Messages(reading.Value) })
                Assert.True(written.Failure is null, name + ": " + written.Failure);
            count++;
        }

        Assert.NotEqual(0, count);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_recorded_answer_is_read_and_told_again(string file)
    {
        foreach (var (name, _, answer) in Exchanges(file))
        {
            if (answer.GetProperty("status").GetInt32() != 200) continue;
            var body = answer.GetProperty("body");
            var read = body.ValueKind == JsonValueKind.String ? Responses.Read(body.GetString()!) : Responses.ReadAnswer(body.GetRawText());
            Assert.True(read.Fold.IsComplete, name + ": " + read.Fold.Failure);
            Assert.NotEmpty(read.Fold.Choices[0].Parts);
            var again = Responses.Read(Responses.Write(read.Events));
            Assert.Equal(Texts.Of(read.Fold), Texts.Of(again.Fold));
        }
    }
}
