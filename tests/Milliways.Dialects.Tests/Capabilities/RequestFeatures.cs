namespace Milliways.Dialects.Tests.Capabilities;

/// <summary>One thing a request can ask, in the words of each caller's dialect; the same body without it tells whether it arrives.</summary>
public sealed record RequestFeature(string Name)
{
    private readonly Dictionary<string, (string With, string Without)> samples = [];

    public (string With, string Without)? Of(string dialect) => samples.TryGetValue(dialect, out var sample) ? sample : null;

    public RequestFeature Chat(string members, string basis = "") => Add("ChatDialect", $$"""{"model":"m","messages":[{"role":"user","content":"Q"}]""", members, basis);

    public RequestFeature ChatTurns(string turns, string basis = """{"role":"user","content":"Q"}""")
    {
        samples["ChatDialect"] = ($$"""{"model":"m","messages":[{{turns}}]}""", $$"""{"model":"m","messages":[{{basis}}]}""");
        return this;
    }

    public RequestFeature Messages(string members, string basis = "") => Add("MessagesDialect", $$"""{"model":"m","max_tokens":50,"messages":[{"role":"user","content":"Q"}]""", members, basis);

    public RequestFeature MessagesTurns(string turns, string basis = """{"role":"user","content":"Q"}""")
    {
        samples["MessagesDialect"] = ($$"""{"model":"m","max_tokens":50,"messages":[{{turns}}]}""", $$"""{"model":"m","max_tokens":50,"messages":[{{basis}}]}""");
        return this;
    }

    public RequestFeature Responses(string members, string basis = "") => Add("ResponsesDialect", $$"""{"model":"m","store":false,"input":"Q" """, members, basis);

    public RequestFeature ResponsesItems(string items, string basis = """{"role":"user","content":"Q"}""")
    {
        samples["ResponsesDialect"] = ($$"""{"model":"m","store":false,"input":[{{items}}]}""", $$"""{"model":"m","store":false,"input":[{{basis}}]}""");
        return this;
    }

    /// <summary>In protobuf's JSON.</summary>
    public RequestFeature Grpc(string members, string basis = "") => Add("XaiGrpcDialect", """{"model":"m","messages":[{"role":"ROLE_USER","content":[{"text":"Q"}]}]""", members, basis);

    public RequestFeature GrpcTurns(string turns, string basis = """{"role":"ROLE_USER","content":[{"text":"Q"}]}""")
    {
        samples["XaiGrpcDialect"] = ($$"""{"model":"m","messages":[{{turns}}]}""", $$"""{"model":"m","messages":[{{basis}}]}""");
        return this;
    }

    public RequestFeature Completions(string members) => Add("CompletionsDialect", """{"model":"m","prompt":"Q" """, members, "");

    public RequestFeature Complete(string members) => Add("CompleteDialect", """{"model":"m","max_tokens_to_sample":50,"prompt":"\n\nHuman: Q\n\nAssistant:" """, members, "");

    public RequestFeature CompletePrompt(string prompt)
    {
        samples["CompleteDialect"] = ($$"""{"model":"m","max_tokens_to_sample":50,"prompt":"{{prompt}}"}""", """{"model":"m","max_tokens_to_sample":50,"prompt":"\n\nHuman: Q\n\nAssistant:"}""");
        return this;
    }

    /// <summary>Sampling and such, where the dialects of text have the same name for it.</summary>
    public RequestFeature Everywhere(string members) => Chat(members).Completions(members);

    private RequestFeature Add(string dialect, string start, string members, string basis)
    {
        static string Joined(string start, string members) => start + (members.Length > 0 ? "," : "") + members + "}";
        samples[dialect] = (Joined(start, members), Joined(start, basis));
        return this;
    }
}

public static class RequestFeatures
{
    private const string Function = "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}}]";
    private const string Input = "\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}]";
    private const string Flat = "\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}]";
    private const string Schema = """{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}""";
    private const string Png = "iVBORw0KGgoA";
    private const string Pdf = "JVBERi0x";
    private const string Call = """{"role":"user","content":"Q"},{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":RESULT}""";
    private const string Use = """{"role":"user","content":"Q"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":RESULT}]}""";
    private const string Described = "\"tools\":[{\"function\":{\"name\":\"f\",\"parameters\":\"{}\"}}]";
    private const string Said = """{"role":"ROLE_USER","content":[{"text":"Q"}]},{"role":"ROLE_ASSISTANT","content":[{"text":""}],"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]},{"role":"ROLE_TOOL","tool_call_id":"a","content":RESULT}""";
    private const string Item = """{"role":"user","content":"Q"},{"type":"function_call","call_id":"a","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"a","output":RESULT}""";

    public static IReadOnlyList<RequestFeature> All { get; } =
    [
        new RequestFeature("system text")
            .GrpcTurns("""{"role":"ROLE_SYSTEM","content":[{"text":"S"}]},{"role":"ROLE_USER","content":[{"text":"Q"}]}""")
            .ChatTurns("""{"role":"system","content":"S"},{"role":"user","content":"Q"}""").Messages("\"system\":\"S\"").Responses("\"instructions\":\"S\"").CompletePrompt("S\\n\\nHuman: Q\\n\\nAssistant:"),
        new RequestFeature("system text in the middle")
            .GrpcTurns("""{"role":"ROLE_USER","content":[{"text":"Q"}]},{"role":"ROLE_SYSTEM","content":[{"text":"S"}]}""")
            .ChatTurns("""{"role":"user","content":"Q"},{"role":"system","content":"S"}""").MessagesTurns("""{"role":"user","content":"Q"},{"role":"system","content":"S"}""")
            .ResponsesItems("""{"role":"user","content":"Q"},{"role":"developer","content":"S"}"""),
        new RequestFeature("earlier turns")
            .GrpcTurns("""{"role":"ROLE_USER","content":[{"text":"Q"}]},{"role":"ROLE_ASSISTANT","content":[{"text":"A"}]},{"role":"ROLE_USER","content":[{"text":"R"}]}""")
            .ChatTurns("""{"role":"user","content":"Q"},{"role":"assistant","content":"A"},{"role":"user","content":"R"}""").MessagesTurns("""{"role":"user","content":"Q"},{"role":"assistant","content":"A"},{"role":"user","content":"R"}""")
            .ResponsesItems("""{"role":"user","content":"Q"},{"role":"assistant","content":"A"},{"role":"user","content":"R"}""").CompletePrompt("\\n\\nHuman: Q\\n\\nAssistant: A\\n\\nHuman: R\\n\\nAssistant:"),
        new RequestFeature("image as data")
            .GrpcTurns("""{"role":"ROLE_USER","content":[{"image_url":{"image_url":"data:image/png;base64,iVBORw0KGgoA"}}]}""")
            .ChatTurns(User("""{"type":"image_url","image_url":{"url":"data:image/png;base64,DATA"}}""", Png), Plain)
            .MessagesTurns(User("""{"type":"image","source":{"type":"base64","media_type":"image/png","data":"DATA"}}""", Png), Plain).ResponsesItems(User("""{"type":"input_image","image_url":"data:image/png;base64,DATA"}""", Png), Plain),
        new RequestFeature("image by address")
            .GrpcTurns("""{"role":"ROLE_USER","content":[{"image_url":{"image_url":"https://x/i.png"}}]}""")
            .ChatTurns(User("""{"type":"image_url","image_url":{"url":"https://x/i.png"}}"""), Plain)
            .MessagesTurns(User("""{"type":"image","source":{"type":"url","url":"https://x/i.png"}}"""), Plain).ResponsesItems(User("""{"type":"input_image","image_url":"https://x/i.png"}"""), Plain),
        new RequestFeature("PDF")
            .GrpcTurns("""{"role":"ROLE_USER","content":[{"file":{"filename":"d.pdf","mime_type":"application/pdf","data":"JVBERi0x"}}]}""")
            .ChatTurns(User("""{"type":"file","file":{"filename":"d.pdf","file_data":"data:application/pdf;base64,DATA"}}""", Pdf), Plain)
            .MessagesTurns(User("""{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"DATA"}}""", Pdf), Plain).ResponsesItems(User("""{"type":"input_file","filename":"d.pdf","file_data":"data:application/pdf;base64,DATA"}""", Pdf), Plain),
        new RequestFeature("text document")
            .GrpcTurns("""{"role":"ROLE_USER","content":[{"file":{"filename":"d.txt","mime_type":"text/plain","data":"aGk="}}]}""")
            .ChatTurns(User("""{"type":"file","file":{"filename":"d.txt","file_data":"data:text/plain;base64,aGk="}}"""), Plain)
            .MessagesTurns(User("""{"type":"document","source":{"type":"text","media_type":"text/plain","data":"hi"}}"""), Plain),
        new RequestFeature("file id")
            .GrpcTurns("""{"role":"ROLE_USER","content":[{"file":{"file_id":"f"}}]}""")
            .ChatTurns(User("""{"type":"file","file":{"file_id":"f"}}"""), Plain).MessagesTurns(User("""{"type":"document","source":{"type":"file","file_id":"f"}}"""), Plain).ResponsesItems(User("""{"type":"input_file","file_id":"f"}"""), Plain),
        new RequestFeature("functions").Grpc(Described).Chat(Function).Messages(Input).Responses(Flat),
        new RequestFeature("custom tool").Chat("""
            "tools":[{"type":"custom","custom":{"name":"c"}}]
            """).Responses("""
            "tools":[{"type":"custom","name":"c"}]
            """),
        new RequestFeature("custom tool with a grammar").Chat("""
            "tools":[{"type":"custom","custom":{"name":"c","format":{"type":"grammar","grammar":{"syntax":"regex","definition":"x"}}}}]
            """).Responses("""
            "tools":[{"type":"custom","name":"c","format":{"type":"grammar","syntax":"regex","definition":"x"}}]
            """),
        new RequestFeature("any tool must be called").Grpc(Described + ",\"tool_choice\":{\"mode\":\"TOOL_MODE_REQUIRED\"}", Described).Chat(Function + ",\"tool_choice\":\"required\"", Function).Messages(Input + ",\"tool_choice\":{\"type\":\"any\"}", Input).Responses(Flat + ",\"tool_choice\":\"required\"", Flat),
        new RequestFeature("one tool must be called").Grpc(Described + ",\"tool_choice\":{\"function_name\":\"f\"}", Described).Chat(Function + ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}", Function)
            .Messages(Input + ",\"tool_choice\":{\"type\":\"tool\",\"name\":\"f\"}", Input).Responses(Flat + ",\"tool_choice\":{\"type\":\"function\",\"name\":\"f\"}", Flat),
        new RequestFeature("no tool may be called").Grpc(Described + ",\"tool_choice\":{\"mode\":\"TOOL_MODE_NONE\"}", Described).Chat(Function + ",\"tool_choice\":\"none\"", Function).Messages(Input + ",\"tool_choice\":{\"type\":\"none\"}", Input).Responses(Flat + ",\"tool_choice\":\"none\"", Flat),
        new RequestFeature("one call at a time").Grpc(Described + ",\"parallel_tool_calls\":false", Described).Chat(Function + ",\"parallel_tool_calls\":false", Function).Messages(Input + ",\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true}", Input + ",\"tool_choice\":{\"type\":\"auto\"}")
            .Responses(Flat + ",\"parallel_tool_calls\":false", Flat),
        new RequestFeature("calls and results").GrpcTurns(With(Said, "[{\"text\":\"1\"}]")).ChatTurns(With(Call, "\"1\"")).MessagesTurns(With(Use, "\"1\"")).ResponsesItems(With(Item, "\"1\"")),
        new RequestFeature("failed result").MessagesTurns(With(Use, "\"1\",\"is_error\":true"), With(Use, "\"1\"")),
        new RequestFeature("image in a result").GrpcTurns(With(Said, """[{"text":"1"},{"image_url":{"image_url":"data:image/png;base64,iVBORw0KGgoA"}}]"""), With(Said, "[{\"text\":\"1\"}]"))
            .ChatTurns(With(Call, """[{"type":"text","text":"1"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoA"}}]"""), With(Call, "\"1\""))
            .MessagesTurns(With(Use, """[{"type":"text","text":"1"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgoA"}}]"""), With(Use, "\"1\""))
            .ResponsesItems(With(Item, """[{"type":"input_text","text":"1"},{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgoA"}]"""), With(Item, "\"1\"")),
        new RequestFeature("JSON schema").Grpc("\"response_format\":{\"format_type\":\"FORMAT_TYPE_JSON_SCHEMA\",\"schema\":" + System.Text.Json.JsonSerializer.Serialize(Schema) + "}")
            .Chat("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":" + Schema + "}}")
            .Messages("\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":" + Schema + "}}").Responses("\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":" + Schema + "}}"),
        new RequestFeature("JSON object").Grpc("\"response_format\":{\"format_type\":\"FORMAT_TYPE_JSON_OBJECT\"}").Chat("\"response_format\":{\"type\":\"json_object\"}").Responses("\"text\":{\"format\":{\"type\":\"json_object\"}}"),
        new RequestFeature("reasoning effort").Grpc("\"reasoning_effort\":\"EFFORT_HIGH\"").Chat("\"reasoning_effort\":\"high\"").Messages("\"output_config\":{\"effort\":\"high\"}").Responses("\"reasoning\":{\"effort\":\"high\"}"),
        new RequestFeature("thinking budget").Messages("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}"),
        new RequestFeature("reasoning switched off").Grpc("\"reasoning_effort\":\"EFFORT_NONE\"").Chat("\"reasoning_effort\":\"none\"").Messages("\"thinking\":{\"type\":\"disabled\"}").Responses("\"reasoning\":{\"effort\":\"none\"}"),
        new RequestFeature("reasoning shown").Messages("\"thinking\":{\"type\":\"adaptive\",\"display\":\"summarized\"},\"output_config\":{\"effort\":\"high\"}", "\"thinking\":{\"type\":\"adaptive\"},\"output_config\":{\"effort\":\"high\"}")
            .Responses("\"reasoning\":{\"effort\":\"high\",\"summary\":\"auto\"}", "\"reasoning\":{\"effort\":\"high\"}"),
        new RequestFeature("signed thinking in the history").MessagesTurns("""{"role":"user","content":"Q"},{"role":"assistant","content":[{"type":"thinking","thinking":"T","signature":"s"},{"type":"text","text":"A"}]},{"role":"user","content":"R"}""",
            """{"role":"user","content":"Q"},{"role":"assistant","content":[{"type":"text","text":"A"}]},{"role":"user","content":"R"}"""),
        new RequestFeature("cache marker").ChatTurns(User("""{"type":"text","text":"L","cache_control":{"type":"ephemeral"}}"""), User("""{"type":"text","text":"L"}"""))
            .MessagesTurns(User("""{"type":"text","text":"L","cache_control":{"type":"ephemeral"}}"""), User("""{"type":"text","text":"L"}""")),
        new RequestFeature("bound of the output").Grpc("\"max_tokens\":7").Everywhere("\"max_tokens\":7").Responses("\"max_output_tokens\":77"),
        new RequestFeature("temperature").Grpc("\"temperature\":0.5").Everywhere("\"temperature\":0.5").Messages("\"temperature\":0.5").Responses("\"temperature\":0.5").Complete("\"temperature\":0.5"),
        new RequestFeature("top_p").Grpc("\"top_p\":0.5").Everywhere("\"top_p\":0.5").Messages("\"top_p\":0.5").Responses("\"top_p\":0.5").Complete("\"top_p\":0.5"),
        new RequestFeature("top_k").Chat("\"top_k\":5").Messages("\"top_k\":5").Complete("\"top_k\":5"),
        new RequestFeature("min_p").Chat("\"min_p\":0.1"),
        new RequestFeature("frequency_penalty").Grpc("\"frequency_penalty\":0.5").Everywhere("\"frequency_penalty\":0.5"),
        new RequestFeature("presence_penalty").Grpc("\"presence_penalty\":0.5").Everywhere("\"presence_penalty\":0.5"),
        new RequestFeature("logit_bias").Everywhere("\"logit_bias\":{\"1\":5}"),
        new RequestFeature("seed").Grpc("\"seed\":7").Everywhere("\"seed\":7"),
        new RequestFeature("stop").Grpc("\"stop\":[\"END\"]").Everywhere("\"stop\":[\"END\"]").Messages("\"stop_sequences\":[\"END\"]").Complete("\"stop_sequences\":[\"END\"]"),
        new RequestFeature("more than four stops").Grpc("\"stop\":[\"A\",\"B\",\"C\",\"D\",\"E\"]").Everywhere("\"stop\":[\"A\",\"B\",\"C\",\"D\",\"E\"]").Messages("\"stop_sequences\":[\"A\",\"B\",\"C\",\"D\",\"E\"]").Complete("\"stop_sequences\":[\"A\",\"B\",\"C\",\"D\",\"E\"]"),
        new RequestFeature("several answers (n)").Grpc("\"n\":2").Everywhere("\"n\":2"),
        new RequestFeature("logprobs").Grpc("\"logprobs\":true,\"top_logprobs\":2").Chat("\"logprobs\":true,\"top_logprobs\":2").Completions("\"logprobs\":2").Responses("\"include\":[\"message.output_text.logprobs\"],\"top_logprobs\":2"),
        new RequestFeature("end user's id").Grpc("\"user\":\"u\"").Everywhere("\"user\":\"u\"").Messages("\"metadata\":{\"user_id\":\"u\"}").Responses("\"safety_identifier\":\"u\"").Complete("\"metadata\":{\"user_id\":\"u\"}"),
        new RequestFeature("service tier").Grpc("\"service_tier\":\"SERVICE_TIER_PRIORITY\"").Chat("\"service_tier\":\"auto\"").Messages("\"service_tier\":\"auto\"").Responses("\"service_tier\":\"auto\""),
        new RequestFeature("prompt_cache_key").Chat("\"prompt_cache_key\":\"k\"").Responses("\"prompt_cache_key\":\"k\""),
        new RequestFeature("verbosity").Chat("\"verbosity\":\"low\"").Responses("\"text\":{\"verbosity\":\"low\"}"),
        new RequestFeature("search_parameters: on").Grpc("\"search_parameters\":{\"mode\":\"ON_SEARCH_MODE\"}").Chat("\"search_parameters\":{\"mode\":\"on\"}"),
        new RequestFeature("search_parameters: auto").Grpc("\"search_parameters\":{\"mode\":\"AUTO_SEARCH_MODE\"}").Chat("\"search_parameters\":{\"mode\":\"auto\"}"),
        new RequestFeature("web_search_options").Chat("\"web_search_options\":{}"),
        new RequestFeature("server tool").Grpc("\"tools\":[{\"web_search\":{}}]").Messages("\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}]").Responses("\"tools\":[{\"type\":\"web_search\"}]"),
        new RequestFeature("encrypted reasoning wanted").Grpc("\"use_encrypted_content\":true").Responses("\"include\":[\"reasoning.encrypted_content\"]"),
        new RequestFeature("bound of the server tools' turns").Grpc("\"max_turns\":3"),
        new RequestFeature("audio answer").Chat("\"modalities\":[\"text\",\"audio\"],\"audio\":{\"voice\":\"x\",\"format\":\"mp3\"}"),
        new RequestFeature("metadata").Chat("\"metadata\":{\"a\":\"b\"}").Responses("\"metadata\":{\"a\":\"b\"}"),
        new RequestFeature("unknown member").Everywhere("\"odd\":1").Messages("\"odd\":1").Responses("\"odd\":1").Complete("\"odd\":1"),
    ];

    private const string Plain = """{"role":"user","content":"Q"}""";

    private static string User(string part, string data = "") => $$"""{"role":"user","content":[{{part.Replace("DATA", data, StringComparison.Ordinal)}}]}""";

    private static string With(string turns, string result) => turns.Replace("RESULT", result, StringComparison.Ordinal);
}
