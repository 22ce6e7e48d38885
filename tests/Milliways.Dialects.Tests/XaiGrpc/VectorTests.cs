using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.Tests.XaiGrpc;

/// <summary>What xai-sdk and pydantic-ai send over gRPC, and answers that they took (recordings under Vectors/).</summary>
public sealed class VectorTests
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    private static readonly MessageDescriptor[] Types =
    [
        Empty.Descriptor, .. new[] { ChatReflection.Descriptor, ModelsReflection.Descriptor, TokenizeReflection.Descriptor, AuthReflection.Descriptor, DeferredReflection.Descriptor }
            .SelectMany(file => file.MessageTypes),
    ];

    public static TheoryData<string> Files { get; } = ["xai-sdk", "pydantic-ai"];

    private sealed record Recorded(string Name, string Method, JsonElement Request, JsonElement Answer);

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_recorded_request_decodes_to_what_the_client_said(string file)
    {
        var all = All(file).ToList();
        Assert.True(all.Count >= (file == "xai-sdk" ? 30 : 1));
        foreach (var each in all)
        {
            var type = Types.Single(type => type.FullName == each.Request.GetProperty("message_type").GetString());
            var message = type.Parser.ParseFrom(each.Request.GetProperty("message_base64").GetBytesFromBase64());
            Same(each.Request.GetProperty("message_json"), message, each.Name);
            // A method that our services have, of the type that was sent.
            Assert.Contains(Types.Select(known => known.File).Distinct().SelectMany(known => known.Services).SelectMany(service => service.Methods),
                method => $"/{method.Service.FullName}/{method.Name}" == each.Method && method.InputType == type);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_recorded_conversation_is_read_whole(string file)
    {
        foreach (var each in All(file).Where(each => each.Request.GetProperty("message_type").GetString() == "xai_api.GetCompletionsRequest"))
        {
            var said = each.Request.GetProperty("message_json");
            var reading = Dialects.XaiGrpc.RequestReader.Read(each.Request.GetProperty("message_base64").GetBytesFromBase64(), new GrpcReadOptions { Earlier = [] });
            Assert.True(reading.IsOk, each.Name + ": " + reading.Failure);
            var request = reading.Value!;
            Assert.Equal(said.GetProperty("model").GetString(), request.Model);
            Assert.Equal(said.GetProperty("n").GetInt32(), request.N);
            // Word for word: texts, calls and results are all there.
            var texts = said.GetProperty("messages").EnumerateArray().SelectMany(message => message.GetProperty("content").EnumerateArray())
                .Where(part => part.TryGetProperty("text", out _)).Select(part => part.GetProperty("text").GetString()).Where(text => text!.Length > 0);
            Assert.Equal(texts, request.Messages.SelectMany(turn => turn.Parts).SelectMany(part => part is ChatPart.ToolResult result ? result.Content : [part]).OfType<ChatPart.Text>().Select(text => text.Value));
            Assert.Equal(Count(said, "tool_calls"), request.Messages.Sum(turn => turn.Parts.Count(part => part is ChatPart.ToolCall)));
            Assert.Equal(said.TryGetProperty("tools", out var tools) ? tools.GetArrayLength() : 0, request.Tools.Count);
            Assert.Empty(request.Other);
            Assert.Empty(request.Sealed);
            // And what was read says the same again.
            var again = Dialects.XaiGrpc.RequestWriter.Write(request, new UpstreamTarget(request.Model), []).Value!;
            Assert.Equal(request.Tools.Select(tool => tool.Name), again.Tools.Select(tool => tool.Function.Name));
            Assert.Equal(Texts.Of(request with { Messages = [], Tools = [], ResponseFormat = null }), Texts.Of(Dialects.XaiGrpc.RequestReader.Read(again).Value! with { Messages = [], Tools = [], ResponseFormat = null }));
        }
    }

    [Fact]
    public void The_parameters_that_were_set_are_the_parameters_that_were_asked_for()
    {
        var request = Request("sample with parameters");
        Assert.Equal((0.1, 0.1, 0.5, 0.9), (request.FrequencyPenalty, request.PresencePenalty, request.Temperature, request.TopP));
        Assert.Equal((true, 2, 9, 7L, "u1", "low"), (request.Logprobs, request.TopLogprobs, request.MaxOutputTokens, request.Seed, request.User, request.Thinking?.Effort));
        Assert.Equal(["\n\n"], request.Stop);
        Assert.Equal(ToolChoiceMode.Required, Request("tools loop").ToolChoice?.Mode);
        Assert.Equal("set_lamp", Request("tools forced by name").ToolChoice?.Name);
        Assert.True(Request("parse").ResponseFormat?.Schema?.TryGetProperty("$defs", out _));
        Assert.True(Asked.ToStore(Request("stored completions")));
        Assert.Equal("low", Request("image").Messages.SelectMany(turn => turn.Parts).OfType<ChatPart.Image>().Single().Detail);
        Assert.Equal([ChatRole.System, ChatRole.Developer, ChatRole.User, ChatRole.Assistant, ChatRole.User, ChatRole.Tool], Request("messages of every role").Messages.Select(turn => turn.Role));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_recorded_answer_decodes_and_comes_out_as_it_went_in(string file)
    {
        var read = 0;
        foreach (var each in All(file))
        {
            if (!each.Answer.TryGetProperty("messages", out var messages)) continue;
            var output = Types.Select(type => type.File).Distinct().SelectMany(known => known.Services).SelectMany(service => service.Methods)
                .Single(method => $"/{method.Service.FullName}/{method.Name}" == each.Method).OutputType;
            var bytes = messages.EnumerateArray().Select(message => message.GetProperty("base64").GetBytesFromBase64()).ToList();
            foreach (var (message, json) in bytes.Zip(messages.EnumerateArray())) Same(json.GetProperty("json"), output.Parser.ParseFrom(message), each.Name);
            if (each.Answer.GetProperty("code").GetString() != "OK" || output.Name is not (nameof(GetChatCompletionChunk) or nameof(GetChatCompletionResponse))) continue;

            var sink = output.Name == nameof(GetChatCompletionChunk) ? Grpc.ReadStream(bytes) : Grpc.ReadAnswer(Assert.Single(bytes));
            Assert.True(sink.Fold.IsComplete, each.Name + ": " + sink.Fold.Failure);
            Assert.Equal(Texts.Of(sink.Fold), Texts.Of(Grpc.ReadStream(Grpc.Stream(sink.Events).Select(chunk => chunk.ToByteArray())).Fold));
            Assert.Equal(Texts.Of(sink.Fold), Texts.Of(Grpc.ReadAnswer(Grpc.Whole(sink.Events).ToByteArray()).Fold));
            read++;
        }

        Assert.True(read > 0);
    }

    [Fact]
    public void A_stream_that_broke_in_the_middle_is_not_complete()
    {
        var broken = All("xai-sdk").Single(each => each.Name == "error: broken stream");
        var sink = Grpc.ReadStream(broken.Answer.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("base64").GetBytesFromBase64()));
        Assert.Equal((FailureKind.UpstreamBroken, false), (sink.Fold.Failure?.Kind, sink.Fold.IsComplete));
    }

    private static ChatRequest Request(string name)
    {
        var each = All("xai-sdk").First(each => each.Name == name);
        return Dialects.XaiGrpc.RequestReader.Read(each.Request.GetProperty("message_base64").GetBytesFromBase64()).Value!;
    }

    private static int Count(JsonElement said, string list) =>
        said.GetProperty("messages").EnumerateArray().Sum(message => message.TryGetProperty(list, out var items) ? items.GetArrayLength() : 0);

    private static IEnumerable<Recorded> All(string file)
    {
        using var document = JsonDocument.Parse(System.IO.File.ReadAllText(Golden.Vector(file + ".json")));
        foreach (var vector in document.RootElement.GetProperty("vectors").EnumerateArray())
        {
            foreach (var exchange in vector.GetProperty("exchanges").EnumerateArray())
            {
                var request = exchange.GetProperty("request");
                if (request.TryGetProperty("message_type", out _))
                    yield return new Recorded(vector.GetProperty("name").GetString()!, request.GetProperty("method").GetString()!, request.Clone(), exchange.GetProperty("answer").Clone());
            }
        }
    }

    private static void Same(JsonElement expected, IMessage message, string name) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected.GetRawText()), JsonNode.Parse(Formatter.Format(message))), $"{name}: {expected} is not {message}");
}
