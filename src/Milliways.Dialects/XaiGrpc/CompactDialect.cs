using System.Buffers;
using System.Diagnostics;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>
/// Chat.CompactContext (xai-api 3.3, 3.4.1): any model writes down what is needed to go on without the conversation's text, and the answer is one blob that the
/// caller sends back as a ROLE_USER message with <c>encrypted_content</c> and no content.
/// </summary>
public sealed class CompactDialect : ICallerDialect
{
    private const string Task =
        "Stop here and write down what you need to go on with this conversation when its text is gone: what was asked for and why, the facts, decisions and names in it (numbers, paths, code and "
        + "quotations exactly), what was done with which result, and what is still open. Write plain text for yourself. Do not answer the last message, and call no tool.";

    public static CompactDialect Instance { get; } = new();

    public Reading<ChatRequest> ReadRequest(ReadOnlyMemory<byte> body)
    {
        var parsed = WireMessage.Read<CompactContextRequest>(body.Span);
        return parsed.IsOk ? Read(parsed.Value) : parsed.Failure;
    }

    /// <summary>The request to the model: the conversation, and the task behind it.</summary>
    public static Reading<ChatRequest> Read(CompactContextRequest message)
    {
        var reading = new JsonReading();
        if (message.Model.Length == 0) reading.Missing(JsonPath.Root.Member("model"));
        if (message.Input.Count == 0) reading.OutOfRange(JsonPath.Root.Member("input"), "at least one message");
        var lost = new HashSet<string>(StringComparer.Ordinal);
        var turns = MessageReader.Read(message.Input, reading, lost, "input");
        if (reading.Failure is { } wrong) return wrong;
        turns.Add(new ChatMessage(ChatRole.User, [new ChatPart.Text(Task)]));
        return new ChatRequest
        {
            Model = message.Model, Messages = turns, IncludeUsage = true, Sealed = [.. lost],
            Repeated = new Dictionary<string, System.Text.Json.JsonElement>(StringComparer.Ordinal) { [Asked.Compacted] = JsonMade.Number(message.Input.Count) },
        };
    }

    public IStreamWriter NewStreamWriter(IBufferWriter<byte> output, AnswerFacts facts) => throw new UnreachableException("A compaction is never streamed.");

    public void WriteAnswer(ChatFold fold, AnswerFacts facts, IBufferWriter<byte> output, long? costTicks = null)
    {
        var said = fold.Choices is [{ Reason: StopReason.EndTurn or StopReason.StopSequence } first, ..] ? first.Text.Trim() : "";
        GrpcFrame.Write(output, new CompactContextResponse
        {
            Id = facts.Id,
            EncryptedContent = said.Length == 0 ? "" : ContextSeal.Seal(facts.Request.Messages, said),
            DroppedMessageCount = Asked.CompactedMessages(facts.Request),
            Usage = UsageWriter.Of(fold.Usage ?? default, costTicks),
        });
    }

    /// <summary>
    /// Why an answer is none, or null: a record that is empty, or cut off by whatever bound, would lose the conversation without a word. The model was at work and is paid, and it
    /// would do the same again.
    /// </summary>
    /// <param name="frame">What <see cref="WriteAnswer"/> wrote.</param>
    public static Failure? Check(ReadOnlySpan<byte> frame) => CompactContextResponse.Parser.ParseFrom(frame[GrpcFrame.HeadLength..]).EncryptedContent.Length > 0
        ? null
        : Failure.Invalid("The model wrote down nothing, or was cut off before it was done: compact fewer messages, or take another model.", "input") with { Stage = "answer" };
}
