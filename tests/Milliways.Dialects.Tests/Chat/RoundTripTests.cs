using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.Tests.Gemini;
using Milliways.Dialects.Tests.Support;

namespace Milliways.Dialects.Tests.Chat;

/// <summary>What a dialect can say survives being said in it, whole and streamed, and usage is the same on every way.</summary>
public sealed class RoundTripTests
{
    /// <summary>An answer with everything that Chat can tell beside text.</summary>
    private static List<ChatEvent> Rich(Dice dice)
    {
        var events = new List<ChatEvent> { new ChatEvent.Started("up-1", "upstream", 1734999999) };
        var calls = 0;
        events.Add(new ChatEvent.TextDelta(0, dice.Solid()) { Logprobs = Tokens(dice) });
        for (var step = dice.Upto(6); step > 0; step--)
        {
            switch (dice.Upto(4))
            {
                case 0:
                    events.Add(new ChatEvent.TextDelta(0, dice.Text()) { Logprobs = Tokens(dice) });
                    break;
                case 1:
                    events.Add(new ChatEvent.Cited(0, new ChatCitation("https://x/" + Dice.Number(step), dice.Flip() ? dice.Solid() : null, dice.Upto(5), 5 + dice.Upto(5))));
                    break;
                case 2:
                    events.Add(new ChatEvent.ToolCallStarted(0, calls, "call_" + Dice.Number(calls), "c") { IsCustom = true });
                    for (var piece = dice.Upto(3); piece > 0; piece--) events.Add(new ChatEvent.ToolCallDelta(0, calls, dice.Solid()));
                    calls++;
                    break;
                default:
                    events.Add(new ChatEvent.ToolCallStarted(0, calls, "call_" + Dice.Number(calls), "f"));
                    events.Add(new ChatEvent.ToolCallDelta(0, calls++, dice.Object()));
                    break;
            }
        }

        events.Add(new ChatEvent.Finished(0, calls > 0 ? StopReason.ToolUse : StopReason.EndTurn));
        events.Add(ChatEvent.Completed.Instance);
        return events;
    }

    private static List<TokenLogprob> Tokens(Dice dice) => dice.Many(2, at => new TokenLogprob(dice.Solid(), -at - 0.25, dice.Flip() ? [1, 255] : null)
    {
        Top = dice.Many(2, _ => new TokenLogprob(dice.Solid(), -0.5, null)),
    });

    private static string Told(ChatFold fold, bool places = true)
    {
        var choice = fold.Choices[0];
        var texts = choice.Parts.OfType<ChatPart.Text>().ToList();
        var calls = choice.Parts.OfType<ChatPart.ToolCall>().Select(call => $"{call.Id} {call.Name} {call.IsCustom} {Texts.Quoted(call.Arguments)}");
        var tokens = texts.SelectMany(text => text.Logprobs).Select(Token);
        var sources = texts.SelectMany(text => text.Citations).Select(citation => places ? citation.ToString() : citation.Url).Distinct();
        return string.Join('\n', [choice.Reason.ToString(), Texts.Quoted(choice.Text), .. calls, .. tokens, .. sources]) + fold.IsComplete;
    }

    private static string Token(TokenLogprob token) =>
        $"{Texts.Quoted(token.Token)} {token.Logprob} [{(token.Bytes is { } bytes ? string.Join(',', bytes) : "none")}] ({string.Join(' ', token.Top.Select(Token))})";

    [Theory]
    [InlineData(Flavour.OpenAi)]
    [InlineData(Flavour.Xai)]
    public void Logprobs_sources_and_custom_calls_survive_chat_whole_and_streamed(Flavour flavour) => Dice.Check((dice, pieces) =>
    {
        var events = Rich(dice);
        var places = flavour == Flavour.OpenAi;
        var stream = Wire.WriteChat(events, flavour);
        Assert.Equal(Told(Wire.Fold(events), places), Told(Wire.ReadChat(stream, pieces).Fold, places));
        Assert.Equal(Told(Wire.Fold(events), places), Told(Wire.ReadChatAnswer(Wire.WriteChatAnswer(Wire.Fold(events), flavour)).Fold, places));
    });

    [Fact]
    public void Any_input_of_a_custom_tool_survives_being_a_function_s_arguments_in_any_pieces() => Dice.Check((dice, pieces) =>
    {
        var (input, arguments) = (dice.Text(), "");
        var request = new ChatRequest { Model = "m", Messages = [], Tools = [new ChatTool("c", null, null) { IsCustom = true }] };
        var sink = new Recorder();
        var restoring = ToolNames.Of(request).Restoring(sink);
        restoring.On(new ChatEvent.Started("u", "m", 0));
        restoring.On(new ChatEvent.ToolCallStarted(0, 0, "a", "c"));
        arguments = CustomTools.Arguments(input);
        for (int at = 0, turn = 0; at < arguments.Length; turn++)
        {
            var size = Math.Min(arguments.Length - at, pieces.Length > 0 ? Math.Max(1, pieces[turn % pieces.Length]) : arguments.Length);
            restoring.On(new ChatEvent.ToolCallDelta(0, 0, arguments.Substring(at, size)));
            at += size;
        }

        restoring.On(new ChatEvent.Finished(0, StopReason.ToolUse));
        Assert.Equal(input, Assert.IsType<ChatPart.ToolCall>(sink.Fold.Choices[0].Parts.Single()).Arguments);
    });

    [Fact]
    public void Usage_is_the_same_whole_and_streamed_on_the_way_through_any_dialect_and_back() => Dice.Check((dice, _) =>
    {
        var events = Answers.Events(dice);
        var expected = Wire.Fold(events).Usage;
        List<ChatEvent> way = events;
        foreach (var step in new Func<List<ChatEvent>, Recorder>[]
        {
            each => Wire.ReadChat(Wire.WriteChat(each, Flavour.Xai)), each => Wire.ReadMessages(Wire.WriteMessages(each)), each => Wire.ReadChatAnswer(Wire.WriteChatAnswer(Wire.Fold(each), Flavour.OpenAi)),
            each => Wire.ReadMessage(Wire.WriteMessage(Wire.Fold(each))), each => Responses.Read(Responses.Write(each)), each => Responses.ReadAnswer(Responses.WriteAnswer(Wire.Fold(each))),
            each => Wire.ReadChatAnswer(Wire.WriteChatAnswer(Wire.Fold(each), Flavour.Xai)), each => Wire.ReadChat(Wire.WriteChat(each, Flavour.OpenAi)),
        })
        {
            var read = step(way);
            Assert.Equal(expected, read.Fold.Usage);
            way = read.Events;
        }
    }, tests: 100);

    /// <summary>
    /// Google only answers, so its side is told by hand; it counts thoughts beside the answer, and what it wrote into a cache not at all.
    /// </summary>
    [Fact]
    public void Usage_as_google_counts_it_is_the_same_whole_and_streamed_and_in_every_dialect_behind_it() => Dice.Check((dice, _) =>
    {
        var usage = new ChatUsage(1 + dice.Upto(900), dice.Upto(50), 0, 40 + dice.Upto(90), dice.Upto(40));
        var answer = $$$"""{"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":{{{usage.TotalInput}}},"cachedContentTokenCount":{{{usage.CacheRead}}},"candidatesTokenCount":{{{usage.Output - usage.Reasoning}}},"thoughtsTokenCount":{{{usage.Reasoning}}},"totalTokenCount":{{{usage.Total}}}},"modelVersion":"gemini-2.5-pro","responseId":"abc"}""";
        foreach (var read in new[] { GeminiWire.Read(GeminiWire.Stream(answer)), GeminiWire.ReadWhole(answer) })
        {
            Assert.Equal(usage, read.Fold.Usage);
            Assert.All([Wire.ReadChat(Wire.WriteChat(read.Events, Flavour.OpenAi)), Wire.ReadMessages(Wire.WriteMessages(read.Events)), Responses.Read(Responses.Write(read.Events))],
                behind => Assert.Equal(usage, behind.Fold.Usage));
        }
    }, tests: 100);

    [Fact]
    public void What_only_chat_can_ask_survives_being_written_for_openai_and_read_again() => Dice.Check((dice, _) =>
    {
        var options = new ChatWriteOptions { Model = "m", CustomTools = true, Verbosity = true, PromptCacheKey = true, MaxTokensField = MaxTokensField.MaxCompletionTokens };
        var request = new ChatRequest
        {
            Model = "m",
            Messages =
            [
                new ChatMessage(ChatRole.User, [new ChatPart.Text(dice.Solid())]),
                new ChatMessage(ChatRole.Assistant, [new ChatPart.ToolCall("a", "c", dice.Text()) { IsCustom = true }, new ChatPart.ToolCall("b", "f", dice.Object())]),
                new ChatMessage(ChatRole.Tool, [new ChatPart.ToolResult("a", [new ChatPart.Text(dice.Solid())], false), new ChatPart.ToolResult("b", [], false)]),
            ],
            Tools =
            [
                new ChatTool("c", dice.Flip() ? dice.Solid() : null, null) { IsCustom = true, Format = dice.Flip() ? Dice.Json("""{"type":"grammar","grammar":{"syntax":"regex","definition":"x"}}""") : null },
                new ChatTool("f", null, Dice.Json("{}")),
            ],
            ToolChoice = dice.One(null, new ChatToolChoice(ToolChoiceMode.Named, "c"), new ChatToolChoice(ToolChoiceMode.Named, "f")),
            N = 1 + dice.Upto(5),
            Seed = dice.Flip() ? dice.Upto(99) : null,
            FrequencyPenalty = dice.Flip() ? dice.Upto(20) / 10.0 : null,
            PresencePenalty = dice.Flip() ? -dice.Upto(20) / 10.0 : null,
            Logprobs = true,
            TopLogprobs = dice.Upto(20),
            LogitBias = dice.Flip() ? new Dictionary<int, float> { [dice.Upto(9)] = dice.Upto(100) } : null,
            Verbosity = dice.One(null, "low", "medium", "high"),
            PromptCacheKey = dice.Flip() ? dice.Solid() : null,
            Thinking = dice.Flip() ? new ChatThinking(ThinkingMode.Adaptive) { Effort = dice.One("low", "medium", "high") } : null,
            MaxOutputTokens = 1 + dice.Upto(999),
        };
        var written = Requests.Chat(request, options);
        Assert.Null(written.Failure);
        Assert.Empty(written.Dropped);
        Assert.Equal(Asked(request), Asked(Dialects.OpenAiChat.RequestReader.Read(written.Bytes).Value!));
    });

    private static string Asked(ChatRequest request) => Texts.Of(request) + "\n" + string.Join(' ', [
        .. request.Tools.Select(tool => $"{tool.IsCustom} {tool.Format}"), .. request.Messages.SelectMany(message => message.Parts.OfType<ChatPart.ToolCall>()).Select(call => call.IsCustom.ToString()),
        $"{request.FrequencyPenalty} {request.PresencePenalty} {request.Logprobs} {request.TopLogprobs} {request.Verbosity} {request.PromptCacheKey}",
        .. (request.LogitBias ?? new Dictionary<int, float>()).Select(pair => pair.ToString()),
    ]);
}
