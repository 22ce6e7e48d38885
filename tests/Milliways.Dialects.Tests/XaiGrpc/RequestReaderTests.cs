using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.Tests.XaiGrpc;

public sealed class RequestReaderTests
{
    private static string Turns(IEnumerable<ChatMessage> turns) => string.Join('\n', turns
        .Select(turn => turn.Role + (turn.Name is null ? "" : "/" + turn.Name) + ": " + string.Join(" | ", turn.Parts.Select(Texts.Of))));

    private static string Messages(string json) => Turns(Grpc.Request($$"""{"model":"m","messages":[{{json}}]}""").Messages);

    [Theory]
    [InlineData("""{"role":"ROLE_SYSTEM","content":[{"text":"S"}],"name":"n"}""", "System/n: text S")]
    [InlineData("""{"role":"ROLE_DEVELOPER","content":[{"text":"S"}]}""", "Developer: text S")]
    [InlineData("""{"role":"ROLE_USER","content":[{"text":"a"},{"image_url":{"image_url":"http://x/i.png","detail":"DETAIL_LOW"}},{"text":"b"}]}""", "User: text a | image http://x/i.png   low | text b")]
    [InlineData("""{"role":"ROLE_USER","content":[{"image_url":{"image_url":"DATA:image/JPG;charset=x;base64,/9j_","detail":"DETAIL_HIGH"}}]}""", "User: image  image/jpeg /9j/ high")]
    [InlineData("""{"role":"ROLE_USER","content":[{"image_url":{"image_url":"data:;base64,iVBORw0KGgoA","detail":"DETAIL_AUTO"}}]}""", "User: image  image/png iVBORw0KGgoA auto")]
    [InlineData("""{"role":"ROLE_USER","content":[{"file":{"filename":"d.pdf","data":"JVBERi0x"}}]}""", "User: document application/pdf JVBERi0x   d.pdf")]
    [InlineData("""{"role":"ROLE_USER","content":[{"file":{"mime_type":"application/zip","data":"JVBERi0x"}}]}""", "User: document application/zip JVBERi0x   ")]
    [InlineData("""{"role":"ROLE_USER","content":[{"file":{"mime_type":"text/markdown","data":"SGk="}}]}""", "User: document text/plain Hi   ")]
    [InlineData("""{"role":"ROLE_USER","content":[{"file":{"file_id":"f1"}}]}""", "User: document    f1 ")]
    [InlineData("""{"role":"ROLE_USER","content":[{"file":{"url":"http://x/d.pdf"}}]}""", "User: document   http://x/d.pdf  ")]
    [InlineData("""{"role":"ROLE_USER","content":[{"text":""}]}""", "User: ")]
    [InlineData("""{"role":"ROLE_ASSISTANT","content":[{"text":""}],"reasoning_content":"","tool_calls":[{"id":"a","function":{"name":"f","arguments":""}}]}""", "Assistant: call a f ")]
    [InlineData("""{"role":"ROLE_ASSISTANT","tool_calls":[{"id":"a","type":"TOOL_CALL_TYPE_CLIENT_SIDE_TOOL","status":"TOOL_CALL_STATUS_COMPLETED","function":{"name":"f","arguments":"{}"}}]}""", "Assistant: call a f {}")]
    [InlineData("""{"role":"ROLE_ASSISTANT","content":[{"text":"A"}],"reasoning_content":"R"}""", "Assistant: thinking R  | text A")]
    [InlineData("""{"role":"ROLE_TOOL","tool_call_id":"a","content":[{"text":"1"}]},{"role":"ROLE_TOOL","tool_call_id":"b","content":[{"image_url":{"image_url":"http://x"}}]}""", "Tool: result a False [text 1] | result b False [image http://x   ]")]
    [InlineData("""{"role":"ROLE_TOOL","content":[]}""", "Tool: result  False []")]
    [InlineData("""{"role":"ROLE_FUNCTION","name":"f","content":[{"text":"1"}]}""", "Tool: result  False [text 1]")]
    public void Every_role_and_part_is_read(string message, string expected) => Assert.Equal(expected, Messages(message));

    [Fact]
    public void Every_parameter_is_read()
    {
        var request = Grpc.Request(Grpc.User("""
            "user":"u","n":2,"max_tokens":9,"seed":-7,"stop":["x","y"],"temperature":0.7,"top_p":0.9,"logprobs":true,"top_logprobs":3,
            "frequency_penalty":-0.1,"presence_penalty":2,"reasoning_effort":"EFFORT_XHIGH","parallel_tool_calls":false,"use_encrypted_content":true,"service_tier":"SERVICE_TIER_PRIORITY"
            """));
        Assert.Equal(("m", "u", 2, 9, -7L), (request.Model, request.User, request.N, request.MaxOutputTokens, request.Seed));
        Assert.Equal(["x", "y"], request.Stop);
        Assert.Equal((0.7, 0.9, -0.1, 2.0), (request.Temperature, request.TopP, request.FrequencyPenalty, request.PresencePenalty)); // not 0.699999988
        Assert.Equal((true, 3, false, true, "priority"), (request.Logprobs, request.TopLogprobs, request.ParallelToolCalls, request.EncryptedReasoning, request.ServiceTier));
        Assert.Equal(new ChatThinking(ThinkingMode.Adaptive) { Effort = "xhigh" }, request.Thinking);
        Assert.Empty(request.Other);
        Assert.Empty(request.Sealed);
    }

    [Fact]
    public void What_is_not_set_is_not_asked_for()
    {
        var request = Grpc.Request(Grpc.User("\"model\":\"m\""));
        Assert.Equal(1, request.N);
        Assert.True(request is { MaxOutputTokens: null, Temperature: null, TopP: null, Seed: null, FrequencyPenalty: null, PresencePenalty: null, TopLogprobs: null, Thinking: null });
        Assert.True(request is { Logprobs: false, ParallelToolCalls: null, ToolChoice: null, ResponseFormat: null, User: null, ServiceTier: null, EncryptedReasoning: false, Stream: false, IncludeUsage: true });
    }

    [Theory]
    [InlineData("EFFORT_LOW", "low")]
    [InlineData("EFFORT_MEDIUM", "medium")]
    [InlineData("EFFORT_HIGH", "high")]
    [InlineData("EFFORT_NONE", "none")]
    [InlineData("INVALID_EFFORT", null)]
    public void Efforts_are_words(string effort, string? word)
    {
        var thinking = Grpc.Request(Grpc.User($"\"reasoning_effort\":\"{effort}\"")).Thinking;
        Assert.Equal(word, thinking?.Effort);
        Assert.Equal(word == "none", thinking?.Mode == ThinkingMode.Disabled);
    }

    [Fact]
    public void Zero_is_a_value_where_it_was_set()
    {
        var request = Grpc.Request(Grpc.User("\"temperature\":0,\"seed\":0,\"top_p\":0"));
        Assert.Equal((0.0, 0L, 0.0), (request.Temperature, request.Seed, request.TopP));
    }

    [Fact]
    public void Functions_and_the_choice_among_them_are_read()
    {
        var request = Grpc.Request(Grpc.User("""
            "tools":[{"function":{"name":"f","description":"D","strict":true,"parameters":"{\"type\":\"object\"}"}},{"function":{"name":"g"}},{"function":{"name":"g"}}],"tool_choice":{"function_name":"g"}
            """));
        Assert.Equal(("f", "D", true, """{"type":"object"}"""), (request.Tools[0].Name, request.Tools[0].Description, request.Tools[0].Strict, request.Tools[0].Parameters?.GetRawText()));
        Assert.Equal(new ChatTool("g", null, null), request.Tools[1]); // the same tool twice is one
        Assert.Equal(2, request.Tools.Count);
        Assert.Equal(new ChatToolChoice(ToolChoiceMode.Named, "g"), request.ToolChoice);
    }

    [Theory]
    [InlineData("TOOL_MODE_AUTO", ToolChoiceMode.Auto)]
    [InlineData("TOOL_MODE_NONE", ToolChoiceMode.None)]
    [InlineData("TOOL_MODE_REQUIRED", ToolChoiceMode.Required)]
    public void Modes_of_tools_are_read(string mode, ToolChoiceMode expected) =>
        Assert.Equal(new ChatToolChoice(expected), Grpc.Request(Grpc.User($"\"tool_choice\":{{\"mode\":\"{mode}\"}}")).ToolChoice);

    [Theory]
    [InlineData("""{"format_type":"FORMAT_TYPE_TEXT"}""", ResponseFormatKind.Text, null)]
    [InlineData("""{"format_type":"FORMAT_TYPE_JSON_OBJECT"}""", ResponseFormatKind.JsonObject, null)]
    [InlineData("""{"format_type":"FORMAT_TYPE_JSON_SCHEMA","schema":"{\"type\":\"object\"}"}""", ResponseFormatKind.JsonSchema, """{"type":"object"}""")]
    public void Formats_are_read(string format, ResponseFormatKind kind, string? schema)
    {
        var read = Grpc.Request(Grpc.User($"\"response_format\":{format}")).ResponseFormat!;
        Assert.Equal((kind, schema), (read.Kind, read.Schema?.GetRawText()));
    }

    [Fact]
    public void A_search_is_kept_as_REST_writes_it()
    {
        var search = Grpc.Request(Grpc.User("""
            "search_parameters":{"mode":"ON_SEARCH_MODE","return_citations":true,"max_search_results":5,"from_date":"2025-01-02T03:04:05Z","to_date":"2025-02-03T00:00:00Z","sources":[
              {"web":{"excluded_websites":["a"],"allowed_websites":["b"],"country":"CH","safe_search":true}},{"news":{"excluded_websites":["c"],"country":"DE"}},
              {"x":{"included_x_handles":["d"],"excluded_x_handles":["e"],"post_favorite_count":1,"post_view_count":2}},{"rss":{"links":["f"]}}]}
            """)).Other["search_parameters"];
        Assert.Equal(
            """{"mode":"on","sources":[{"type":"web","excluded_websites":["a"],"allowed_websites":["b"],"country":"CH","safe_search":true},{"type":"news","excluded_websites":["c"],"country":"DE","safe_search":false},{"type":"x","included_x_handles":["d"],"excluded_x_handles":["e"],"post_favorite_count":1,"post_view_count":2},{"type":"rss","links":["f"]}],"from_date":"2025-01-02","to_date":"2025-02-03","return_citations":true,"max_search_results":5}""",
            search.GetRawText());
    }

    [Theory]
    [InlineData("""{"web_search":{"allowed_domains":["a"],"enable_image_understanding":true,"enable_image_search":false,"user_location":{"country":"CH","city":"Bern","region":"BE","timezone":"Europe/Zurich"}}}""",
        """{"type":"web_search","allowed_domains":["a"],"enable_image_understanding":true,"enable_image_search":false,"user_location":{"type":"approximate","country":"CH","city":"Bern","region":"BE","timezone":"Europe/Zurich"}}""")]
    [InlineData("""{"x_search":{"from_date":"2025-01-02T00:00:00Z","allowed_x_handles":["a"],"excluded_x_handles":["b"],"enable_video_understanding":true}}""",
        """{"type":"x_search","from_date":"2025-01-02","allowed_x_handles":["a"],"excluded_x_handles":["b"],"enable_video_understanding":true}""")]
    [InlineData("""{"code_execution":{}}""", """{"type":"code_interpreter"}""")]
    [InlineData("""{"collections_search":{"collection_ids":["c"],"limit":3}}""", """{"type":"file_search","vector_store_ids":["c"],"max_num_results":3}""")]
    [InlineData("""{"mcp":{"server_label":"l","server_url":"u","server_description":"d","allowed_tool_names":["t"],"authorization":"a","extra_headers":{"h":"v"}}}""",
        """{"type":"mcp","server_url":"u","server_label":"l","server_description":"d","allowed_tools":["t"],"authorization":"a","headers":{"h":"v"}}""")]
    [InlineData("""{"image_generation":{"action":"edit"}}""", """{"type":"image_generation","action":"edit"}""")]
    public void Tools_of_the_server_s_are_kept_as_Responses_writes_them(string tool, string expected)
    {
        var request = Grpc.Request(Grpc.User($"\"tools\":[{tool}]"));
        var hosted = Assert.Single(request.HostedTools);
        Assert.Equal(("tools[0]", expected), (hosted.Place, hosted.Definition.GetRawText()));
        Assert.Empty(request.Tools);
        // The way back, for an upstream that has them.
        var written = Dialects.XaiGrpc.RequestWriter.Write(request, new UpstreamTarget("m"), []).Value!;
        Assert.Equal(Grpc.Message<Tool>(tool), Assert.Single(written.Tools));
    }

    [Fact]
    public void Other_upstreams_refuse_a_tool_of_the_server_s_by_its_place()
    {
        var refused = Requests.Chat(Grpc.Request(Grpc.User("""
            "tools":[{"function":{"name":"f"}},{"web_search":{}}]
            """))).Failure;
        Assert.Equal((FailureKind.Unsupported, "tools[1]"), (refused?.Kind, refused?.Param));
        Assert.Contains("'web_search'", refused!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_crosses_to_nothing_is_named()
    {
        var request = Grpc.Request(Grpc.User("""
            "max_turns":3,"agent_count":"AGENT_COUNT_4","include":["INCLUDE_OPTION_MCP_CALL_OUTPUT","INCLUDE_OPTION_INLINE_CITATIONS"]
            """));
        Assert.Equal(["agent_count", "include", "max_turns"], Requests.Chat(request).Dropped);
        Assert.Empty(Requests.Chat(Grpc.Request(Grpc.User("\"include\":[\"INCLUDE_OPTION_INLINE_CITATIONS\"]"))).Dropped); // we know that one
    }

    [Fact]
    public void Calls_of_the_server_s_tools_and_their_results_are_left_out_of_the_history_by_name()
    {
        var request = Grpc.Request("""
            {"model":"m","messages":[{"role":"ROLE_USER","content":[{"text":"Q"}]},
              {"role":"ROLE_ASSISTANT","content":[{"text":""}],"tool_calls":[{"id":"w","type":"TOOL_CALL_TYPE_WEB_SEARCH_TOOL","function":{"name":"web_search","arguments":"{}"}}]},
              {"role":"ROLE_TOOL","tool_call_id":"w","content":[{"text":"found"}]},
              {"role":"ROLE_ASSISTANT","content":[{"text":"A"}],"encrypted_content":"of xAI's"}]}
            """);
        Assert.Equal("User: text Q\nAssistant: \nAssistant: text A", Turns(request.Messages));
        Assert.Equal(["messages.encrypted_content", "messages.tool_calls"], request.Sealed.Order());
    }

    [Fact]
    public void A_conversation_that_goes_on_stands_before_the_message()
    {
        var kept = Grpc.Request("""{"model":"m","messages":[{"role":"ROLE_USER","content":[{"text":"Q"}]}],"store_messages":true}""");
        Assert.True(Asked.ToStore(kept));
        Assert.Null(Asked.PreviousId(kept));
        var turns = Grpc.Turns(Grpc.Replayed(Grpc.Whole([new ChatEvent.Started("i", "m", 1), new ChatEvent.TextDelta(0, "A"), new ChatEvent.Finished(0, StopReason.EndTurn), ChatEvent.Completed.Instance], kept)));
        var next = Grpc.Request("""{"model":"m","messages":[{"role":"ROLE_USER","content":[{"text":"R"}]}],"previous_response_id":"id-1"}""", new GrpcReadOptions { Earlier = [.. kept.Messages, .. turns] });
        Assert.Equal("User: text Q\nAssistant: text A\nUser: text R", Turns(next.Messages));
        Assert.Equal((false, "id-1"), (Asked.ToStore(next), Asked.PreviousId(next)));
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"ROLE_USER","content":[{"text":"Q"}]}]}""", "model", "is required")]
    [InlineData("""{"model":"m"}""", "messages", "at least one message")]
    [InlineData("""{"model":"m","messages":[{"content":[{"text":"Q"}]}]}""", "messages[0].role", "ROLE_USER")]
    [InlineData("""{"model":"m","messages":[{"role":9,"content":[{"text":"Q"}]}]}""", "messages[0].role", "ROLE_USER")]
    [InlineData("""{"model":"m","messages":[{"role":"ROLE_USER"}]}""", "messages[0].content", "at least one part")]
    [InlineData("""{"model":"m","messages":[{"role":"ROLE_USER","content":[{"text":"Q"},{}]}]}""", "messages[0].content[1]", "not known here")]
    [InlineData("""{"model":"m","messages":[{"role":"ROLE_SYSTEM","content":[{"image_url":{"image_url":"http://x"}}]}]}""", "messages[0].content[0]", "an image_url; allowed here: text")]
    [InlineData("""{"model":"m","messages":[{"role":"ROLE_ASSISTANT","content":[{"file":{"file_id":"f"}}]}]}""", "messages[0].content[0]", "a file; allowed here: text")]
    [InlineData("""{"model":"m","messages":[{"role":"ROLE_USER","content":[{"image_url":{"file_id":"f"}}]}]}""", "messages[0].content[0].image_url.file_id", "data URI")]
    [InlineData("""{"model":"m","messages":[{"role":"ROLE_USER","content":[{"image_url":{}}]}]}""", "messages[0].content[0].image_url.image_url", "web address")]
    [InlineData("""{"model":"m","messages":[{"role":"ROLE_USER","content":[{"image_url":{"image_url":"data:image/png;base64,?"}}]}]}""", "messages[0].content[0].image_url.image_url", "valid base64")]
    [InlineData("""{"model":"m","messages":[{"role":"ROLE_USER","content":[{"image_url":{"image_url":"http://x","detail":9}}]}]}""", "messages[0].content[0].image_url.detail", "ImageDetail")]
    [InlineData("""{"model":"m","messages":[{"role":"ROLE_USER","content":[{"file":{"file_id":"f","url":"u"}}]}]}""", "messages[0].content[0].file", "exactly one")]
    [InlineData("""{"model":"m","messages":[{"role":"ROLE_USER","content":[{"file":{}}]}]}""", "messages[0].content[0].file", "exactly one")]
    [InlineData("""{"model":"m","messages":[{"role":"ROLE_USER","content":[{"text":"Q"}],"tool_calls":[{"id":"a"}]}]}""", "messages[0].tool_calls", "ROLE_ASSISTANT only")]
    [InlineData("""{"model":"m","messages":[{"role":"ROLE_ASSISTANT","tool_calls":[{"id":"a"}]}]}""", "messages[0].tool_calls[0].function.name", "is required")]
    [InlineData("""{"model":"m","messages":[{"role":"ROLE_USER","encrypted_content":"x"}]}""", "messages[0].encrypted_content", "send the conversation itself")]
    public void A_wrong_message_is_refused_with_its_place(string json, string place, string text) => Refused(json, place, text);

    [Theory]
    [InlineData("\"n\":0", "n", "between 1 and 128")]
    [InlineData("\"n\":129", "n", "between 1 and 128")]
    [InlineData("\"max_tokens\":0", "max_tokens", "at least 1")]
    [InlineData("\"temperature\":2.5", "temperature", "between 0 and 2")]
    [InlineData("\"temperature\":\"NaN\"", "temperature", "between 0 and 2")]
    [InlineData("\"top_p\":1.5", "top_p", "between 0 and 1")]
    [InlineData("\"frequency_penalty\":-3", "frequency_penalty", "between -2 and 2")]
    [InlineData("\"presence_penalty\":\"Infinity\"", "presence_penalty", "between -2 and 2")]
    [InlineData("\"top_logprobs\":21", "top_logprobs", "between 0 and 20")]
    [InlineData("\"reasoning_effort\":77", "reasoning_effort", "ReasoningEffort")]
    [InlineData("\"service_tier\":77", "service_tier", "ServiceTier")]
    [InlineData("\"response_format\":{\"format_type\":77}", "response_format.format_type", "FORMAT_TYPE_TEXT")]
    [InlineData("\"response_format\":{\"format_type\":\"FORMAT_TYPE_JSON_SCHEMA\"}", "response_format.schema", "JSON object")]
    [InlineData("\"response_format\":{\"format_type\":\"FORMAT_TYPE_JSON_SCHEMA\",\"schema\":\"[]\"}", "response_format.schema", "JSON object")]
    [InlineData("\"tools\":[{\"function\":{}}]", "tools[0].function.name", "non-empty")]
    [InlineData("\"tools\":[{\"function\":{\"name\":\"f\",\"parameters\":\"{\"}}]", "tools[0].function.parameters", "JSON object")]
    [InlineData("\"tools\":[{\"function\":{\"name\":\"f\"}},{\"function\":{\"name\":\"f\",\"description\":\"other\"}}]", "tools[1]", "another tool")]
    [InlineData("\"tools\":[{}]", "tools[0]", "not known here")]
    [InlineData("\"tools\":[{\"attachment_search\":{}}]", "tools[0]", "attachment_search")]
    [InlineData("\"tool_choice\":{\"mode\":77}", "tool_choice.mode", "TOOL_MODE_AUTO")]
    [InlineData("\"tool_choice\":{\"function_name\":\"\"}", "tool_choice.function_name", "non-empty")]
    [InlineData("\"search_parameters\":{\"mode\":77}", "search_parameters.mode", "SearchMode")]
    [InlineData("\"search_parameters\":{\"max_search_results\":0}", "search_parameters.max_search_results", "between 1 and 50")]
    [InlineData("\"search_parameters\":{\"sources\":[{\"rss\":{}},{}]}", "search_parameters.sources[1]", "one of web")]
    [InlineData("\"previous_response_id\":\"p\"", "previous_response_id", "'p' names no response")]
    public void A_wrong_parameter_is_refused_by_its_name(string member, string place, string text) => Refused(Grpc.User(member), place, text);

    private static void Refused(string json, string place, string text)
    {
        var failure = Grpc.Read(json).Failure;
        Assert.NotNull(failure);
        Assert.Equal((place, FailureParty.Client), (failure.Param, failure.Party));
        Assert.Contains(place, failure.Message, StringComparison.Ordinal);
        Assert.Contains(text, failure.Message, StringComparison.Ordinal);
        Assert.Contains(Statuses.CodeOf(failure), new[] { global::Grpc.Core.StatusCode.InvalidArgument, global::Grpc.Core.StatusCode.NotFound });
    }
}
