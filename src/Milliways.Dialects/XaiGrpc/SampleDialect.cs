using System.Buffers;
using Google.Protobuf.WellKnownTypes;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>
/// Sample.SampleText and SampleTextStreaming (xai-api 3.4.7): REST's /v1/completions in messages. Requests are that JSON, which <see cref="Write"/> makes;
/// answers are whole frames.
/// </summary>
public sealed class SampleDialect : ICallerDialect
{
    public static SampleDialect Instance { get; } = new();

    /// <summary>The request as POST /v1/completions has it (xai-api 1.4).</summary>
    public static Reading<byte[]> Write(SampleTextRequest request, bool stream)
    {
        if (request.Model.Length == 0) return Failure.Invalid("model is empty: name one.", "model");
        if (request.Prompt.Count == 0) return Failure.Invalid("prompt is empty: send the text to go on from.", "prompt");
        if (request.Prompt.Count > 1) return Failure.Unsupported("prompt has more than one text: send one text in each call.", "prompt");
        return JsonBody.Of(writer =>
        {
            writer.WriteString("model"u8, request.Model);
            writer.WriteString("prompt"u8, request.Prompt[0]);
            JsonBody.Whole(writer, "n", request.HasN, request.N);
            JsonBody.Whole(writer, "max_tokens", request.HasMaxTokens, request.MaxTokens);
            JsonBody.Whole(writer, "seed", request.HasSeed, request.Seed);
            JsonBody.Number(writer, "temperature", request.HasTemperature, request.Temperature);
            JsonBody.Number(writer, "top_p", request.HasTopP, request.TopP);
            JsonBody.Number(writer, "frequency_penalty", request.HasFrequencyPenalty, request.FrequencyPenalty);
            JsonBody.Number(writer, "presence_penalty", request.HasPresencePenalty, request.PresencePenalty);
            if (request.Stop.Count > 0)
            {
                writer.WriteStartArray("stop"u8);
                foreach (var stop in request.Stop) writer.WriteStringValue(stop);
                writer.WriteEndArray();
            }

            JsonBody.Text(writer, "user", request.User);
            if (stream) writer.WriteBoolean("stream"u8, true);
        });
    }

    public Reading<ChatRequest> ReadRequest(ReadOnlyMemory<byte> body) => Completions.CompletionsDialect.Instance.ReadRequest(body);

    public IStreamWriter NewStreamWriter(IBufferWriter<byte> output, AnswerFacts facts) => new Writer(output, facts);

    public void WriteAnswer(ChatFold fold, AnswerFacts facts, IBufferWriter<byte> output, long? costTicks = null)
    {
        var answer = Begin(facts);
        foreach (var choice in fold.Choices)
            answer.Choices.Add(new SampleChoice { Index = choice.Index, Text = string.Concat(choice.Parts.Select(Said)), FinishReason = FinishReasons.Write(choice.Reason) });
        answer.Usage = UsageWriter.Of(fold.Usage ?? default, costTicks);
        GrpcFrame.Write(output, answer);
    }

    private static string Said(ChatPart part) => part switch { ChatPart.Text text => text.Value, ChatPart.Refusal refusal => refusal.Value, _ => "" };

    private static SampleTextResponse Begin(AnswerFacts facts) => new()
    {
        Id = facts.Id, Model = facts.Model, Created = new Timestamp { Seconds = facts.Created }, SystemFingerprint = facts.Fingerprint ?? "",
    };

    /// <summary>Text goes out as it comes; reasons and usage are the tail.</summary>
    private sealed class Writer(IBufferWriter<byte> output, AnswerFacts facts) : IStreamWriter
    {
        private readonly SortedDictionary<int, StopReason> reasons = [];
        private ChatUsage? usage;

        public Failure? Failure { get; private set; }

        public void On(ChatEvent chatEvent)
        {
            switch (chatEvent)
            {
                case ChatEvent.TextDelta { Text.Length: > 0 } delta:
                    Send(delta.Choice, delta.Text);
                    break;
                case ChatEvent.RefusalDelta { Text.Length: > 0 } delta:
                    Send(delta.Choice, delta.Text);
                    break;
                case ChatEvent.Finished finished:
                    reasons[finished.Choice] = finished.Reason;
                    break;
                case ChatEvent.UsageReported reported:
                    usage = reported.Usage;
                    break;
            }
        }

        public void WriteTail(IBufferWriter<byte> tail, ChatUsage? finalUsage = null, long? costTicks = null)
        {
            var last = Begin(facts);
            reasons.TryAdd(0, StopReason.EndTurn);
            foreach (var (index, reason) in reasons) last.Choices.Add(new SampleChoice { Index = index, FinishReason = FinishReasons.Write(reason) });
            last.Usage = UsageWriter.Of(finalUsage ?? usage ?? default, costTicks);
            GrpcFrame.Write(tail, last);
        }

        private void Send(int index, string text)
        {
            var chunk = Begin(facts);
            chunk.Choices.Add(new SampleChoice { Index = index, Text = text });
            if (!GrpcFrame.TryWrite(output, chunk, facts.MostMessageBytes)) Failure = GrpcFrame.TooLarge(facts.MostMessageBytes);
        }
    }
}
