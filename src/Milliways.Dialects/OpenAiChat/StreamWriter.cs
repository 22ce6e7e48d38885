using System.Buffers;
using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;

namespace Milliways.Dialects.OpenAiChat;

/// <summary>
/// Events to a Chat stream in either flavour (dialects 1.7, 4.12.2; xai-api 1.3.8). Content goes out as it comes; the finish chunks, the usage chunk
/// and <c>[DONE]</c> are the tail, which the caller asks for when the charge is durable (design §3, step 5).
/// </summary>
public sealed class StreamWriter(IBufferWriter<byte> output, OpenAiWriteOptions options) : IStreamWriter, IDisposable
{
    private readonly ChunkWriter chunks = new(options);
    private readonly SortedDictionary<int, Choice> choices = [];
    /// <summary>In xAI's flavour the sources wait for the last chunk (xai-api 1.3.8).</summary>
    private readonly List<ChatCitation> listed = [];
    private ChatUsage? usage;
    private bool hasEnded;

    /// <summary>The last usage the events told, or null.</summary>
    public ChatUsage? Usage => usage;

    public void On(ChatEvent chatEvent)
    {
        switch (chatEvent)
        {
            case ChatEvent.Started:
                if (options.Flavour == Flavour.OpenAi) At(0);
                break;
            case ChatEvent.TextDelta delta when delta.Text.Length > 0 || delta.Logprobs.Count > 0:
                Text(delta.Choice, "content"u8, delta.Text, delta.Logprobs);
                break;
            case ChatEvent.Cited cited:
                Cite(cited);
                break;
            case ChatEvent.ReasoningDelta { Text.Length: > 0 } delta:
                Text(delta.Choice, "reasoning_content"u8, delta.Text);
                break;
            case ChatEvent.RefusalDelta { Text.Length: > 0 } delta:
                Text(delta.Choice, "refusal"u8, delta.Text);
                break;
            case ChatEvent.ToolCallStarted call:
                Start(call);
                break;
            case ChatEvent.ToolCallDelta { Arguments.Length: > 0 } delta:
                Arguments(delta.Choice, delta.Index, delta.Arguments);
                break;
            case ChatEvent.Finished finished:
                Finish(finished);
                break;
            case ChatEvent.UsageReported reported:
                usage = reported.Usage;
                break;
        }
    }

    /// <summary>The end of a complete answer. Usage given here outranks what the events told.</summary>
    public void WriteTail(IBufferWriter<byte> tail, ChatUsage? finalUsage = null, long? costTicks = null)
    {
        if (hasEnded) return;
        hasEnded = true;
        if (choices.Count == 0) choices[0] = new Choice();
        foreach (var (index, choice) in choices)
        {
            if (!choice.HasRole)
            {
                Begin(tail, index, choice).WriteString("content"u8, "");
                chunks.EndDelta(tail);
            }

            var isLast = !options.IncludeUsage && index == choices.Keys.Last();
            var reason = StopReasons.Settle(choice.Reason ?? StopReason.EndTurn, choice.Calls.Count > 0);
            chunks.Finish(tail, index, reason, choice.StopSequence, isLast ? listed : []);
        }

        if (options.IncludeUsage) chunks.Usage(tail, finalUsage ?? usage ?? default, costTicks, listed);
        tail.Write(SseWriter.Done);
    }

    /// <summary>The end of a broken answer: an error object, no finish and no <c>[DONE]</c> (dialects 4.13).</summary>
    public void WriteFailure(Failure failure, IBufferWriter<byte> tail)
    {
        if (hasEnded) return;
        hasEnded = true;
        tail.Write("data: "u8);
        Errors.Write(failure, options.Flavour, tail);
        tail.Write("\n\n"u8);
    }

    public void Dispose() => chunks.Dispose();

    private Choice At(int index)
    {
        if (choices.TryGetValue(index, out var choice)) return choice;
        choices[index] = choice = new Choice();
        if (options.Flavour != Flavour.OpenAi) return choice;
        Begin(output, index, choice).WriteString("content"u8, "");
        chunks.EndDelta(output);
        return choice;
    }

    /// <summary>A delta, with the role when it is the choice's first.</summary>
    private Utf8JsonWriter Begin(IBufferWriter<byte> target, int index, Choice choice)
    {
        var writer = chunks.BeginDelta(target, index);
        if (choice.HasRole) return writer;
        choice.HasRole = true;
        writer.WriteString("role"u8, "assistant"u8);
        return writer;
    }

    private void Text(int index, ReadOnlySpan<byte> member, string text, IReadOnlyList<TokenLogprob>? logprobs = null)
    {
        var choice = At(index);
        Begin(output, index, choice).WriteString(member, text);
        chunks.EndDelta(output, logprobs);
    }

    private void Cite(ChatEvent.Cited cited)
    {
        if (options.Flavour == Flavour.Xai)
        {
            listed.Add(cited.Citation);
            return;
        }

        var choice = At(cited.Choice);
        Annotations.Write(Begin(output, cited.Choice, choice), [cited.Citation]);
        chunks.EndDelta(output);
    }

    private void Start(ChatEvent.ToolCallStarted started)
    {
        var choice = At(started.Choice);
        var call = choice.Calls[started.Index] = new Call(started.Id, started.Name, started.IsCustom);
        // xAI gives a call whole in one chunk: it waits until the choice ends.
        if (options.Flavour == Flavour.OpenAi) WriteCall(started.Choice, choice, started.Index, call, "");
    }

    private void Arguments(int index, int callIndex, string arguments)
    {
        if (!choices.TryGetValue(index, out var choice) || !choice.Calls.TryGetValue(callIndex, out var call)) return;
        call.HasArguments |= !string.IsNullOrWhiteSpace(arguments);
        if (options.Flavour == Flavour.Xai) call.Arguments.Append(arguments);
        else Fragment(index, choice, callIndex, arguments);
    }

    private void Finish(ChatEvent.Finished finished)
    {
        var choice = At(finished.Choice);
        (choice.Reason, choice.StopSequence) = (finished.Reason, finished.StopSequence);
        foreach (var (callIndex, call) in choice.Calls)
        {
            if (options.Flavour == Flavour.Xai) WriteCall(finished.Choice, choice, callIndex, call, call.HasArguments || call.IsCustom ? call.Arguments.ToString() : "{}");
            else if (!call.HasArguments && !call.IsCustom) Fragment(finished.Choice, choice, callIndex, "{}");
        }
    }

    private void WriteCall(int index, Choice choice, int callIndex, Call call, string arguments)
    {
        var writer = Begin(output, index, choice);
        writer.WriteStartArray("tool_calls"u8);
        CallWriter.Write(writer, new ChatPart.ToolCall(call.Id, call.Name, arguments) { IsCustom = call.IsCustom }, callIndex);
        writer.WriteEndArray();
        chunks.EndDelta(output);
    }

    private void Fragment(int index, Choice choice, int callIndex, string arguments)
    {
        var writer = Begin(output, index, choice);
        writer.WriteStartArray("tool_calls"u8);
        CallWriter.WriteFragment(writer, callIndex, choice.Calls[callIndex].IsCustom, arguments);
        writer.WriteEndArray();
        chunks.EndDelta(output);
    }

    private sealed class Choice
    {
        public bool HasRole { get; set; }

        public StopReason? Reason { get; set; }

        public string? StopSequence { get; set; }

        public SortedDictionary<int, Call> Calls { get; } = [];
    }

    private sealed class Call(string id, string name, bool isCustom)
    {
        public bool IsCustom => isCustom;

        public string Id => id;

        public string Name => name;

        public bool HasArguments { get; set; }

        public StringBuilder Arguments { get; } = new();
    }
}
