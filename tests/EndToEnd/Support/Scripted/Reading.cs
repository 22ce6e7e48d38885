using System.Text.Json.Nodes;

namespace Milliways.EndToEnd.Support.Scripted;

/// <summary>Reads a request as an upstream of its dialect does (dialects 1.2, 1.3, 2.2, 2.3, 3.2, 3.3, 7); shares nothing with the gateway.</summary>
internal static class Reading
{
    public static Question Chat(JsonNode body)
    {
        var question = new Question { Dialect = "openai-chat", Model = Word(body["model"]), Streamed = True(body["stream"]) };
        foreach (var message in List(body["messages"]))
        {
            var role = Word(message["role"]);
            if (role == "user")
                question.Turn();
            if (role == "tool")
                question.Results.Add(Text(message["content"]));
            else if (role == "user")
                ChatParts(question, message["content"]);
        }
        foreach (var tool in List(body["tools"]))
            question.Functions.Add(new Function(Word(tool["function"]?["name"] ?? tool["custom"]?["name"]), tool["function"]?["parameters"]));
        Choice(question, body["tool_choice"], "none", choice => choice["function"]?["name"]);
        question.Schema = body["response_format"]?["json_schema"]?["schema"];
        question.Json = Word(body["response_format"]?["type"]) == "json_object";
        return question;
    }

    public static Question Responses(JsonNode body)
    {
        var question = new Question { Dialect = "openai-responses", Model = Word(body["model"]), Streamed = True(body["stream"]) };
        if (body["input"] is JsonValue text)
            question.Text = Word(text);
        foreach (var item in List(body["input"]))
        {
            if (Word(item["role"]) == "user")
            {
                question.Turn();
                ChatParts(question, item["content"]);
            }
            if (Word(item["type"]) is "function_call_output" or "custom_tool_call_output")
                question.Results.Add(Text(item["output"]));
        }
        foreach (var tool in List(body["tools"]))
            question.Functions.Add(new Function(Word(tool["name"]), tool["parameters"]));
        Choice(question, body["tool_choice"], "none", choice => choice["name"]);
        question.Schema = body["text"]?["format"]?["schema"];
        question.Json = Word(body["text"]?["format"]?["type"]) == "json_object";
        return question;
    }

    public static Question Messages(JsonNode body)
    {
        var question = new Question { Dialect = "anthropic", Model = Word(body["model"]), Streamed = True(body["stream"]) };
        foreach (var message in List(body["messages"]).Where(message => Word(message["role"]) == "user"))
        {
            var blocks = message["content"] is JsonArray list ? [.. list.Select(block => block!)] : new List<JsonNode> { new JsonObject { ["type"] = "text", ["text"] = Word(message["content"]) } };
            if (blocks.All(block => Word(block["type"]) != "tool_result"))
                question.Turn();
            foreach (var block in blocks)
            {
                var source = block["source"];
                if (Word(block["type"]) == "tool_result")
                    question.Results.Add(Text(block["content"]));
                else if (Word(source?["type"]) == "base64")
                    question.Picture(Word(source!["media_type"]), Word(source["data"]));
                else if (Word(source?["type"]) == "url")
                    question.Picture(Word(source!["url"]));
                else
                    question.Text += Word(block["text"]);
            }
        }
        foreach (var tool in List(body["tools"]))
            question.Functions.Add(new Function(Word(tool["name"]), tool["input_schema"]));
        Choice(question, body["tool_choice"], "none", choice => choice["name"]);
        question.Schema = body["output_config"]?["format"]?["schema"] ?? body["output_format"]?["schema"];
        return question;
    }

    public static Question Gemini(JsonNode body, string model, bool streamed)
    {
        var question = new Question { Dialect = "google", Model = model, Streamed = streamed };
        foreach (var content in List(body["contents"]).Where(content => Word(content["role"]) != "model"))
        {
            var parts = List(content["parts"]);
            if (parts.All(part => part["functionResponse"] is null))
                question.Turn();
            foreach (var part in parts)
            {
                if (part["functionResponse"] is { } result)
                    question.Results.Add(string.Join(" ", result["response"]!.AsObject().Select(member => Text(member.Value))));
                else if (part["inlineData"] is { } data)
                    question.Picture(Word(data["mimeType"]), Word(data["data"]));
                else if (part["fileData"] is { } file)
                    question.Picture(Word(file["fileUri"]));
                else
                    question.Text += Word(part["text"]);
            }
        }
        foreach (var declaration in List(body["tools"]).SelectMany(tool => List(tool["functionDeclarations"])))
            question.Functions.Add(new Function(Word(declaration["name"]), declaration["parametersJsonSchema"] ?? declaration["parameters"]));
        var calling = body["toolConfig"]?["functionCallingConfig"];
        question.MayCall = Word(calling?["mode"]) != "NONE";
        question.Forced = List(calling?["allowedFunctionNames"]) is [{ } only] ? Word(only) : null;
        question.Schema = body["generationConfig"]?["responseJsonSchema"] ?? body["generationConfig"]?["responseSchema"];
        question.Json = Word(body["generationConfig"]?["responseMimeType"]) == "application/json";
        return question;
    }

    /// <summary>The parts of a Chat turn and of a Responses item, whose image is an object there and a text here.</summary>
    private static void ChatParts(Question question, JsonNode? content)
    {
        if (content is not JsonArray)
            question.Text = Word(content);
        foreach (var part in List(content))
            if (part["image_url"] is { } image)
                question.Picture(Word(image is JsonObject ? image["url"] : image));
            else
                question.Text += Word(part["text"]);
    }

    private static void Choice(Question question, JsonNode? choice, string none, Func<JsonNode, JsonNode?> name)
    {
        question.MayCall = Word(choice) != none && Word((choice as JsonObject)?["type"]) != none;
        question.Forced = choice is JsonObject chosen && name(chosen) is { } forced ? Word(forced) : null;
    }

    private static string Text(JsonNode? content) => content is JsonArray parts ? string.Concat(parts.Select(part => Word(part!["text"]))) : Word(content);

    private static List<JsonNode> List(JsonNode? node) => node is JsonArray list ? [.. list.Where(item => item is not null).Select(item => item!)] : [];

    private static bool True(JsonNode? node) => node is JsonValue value && value.TryGetValue<bool>(out var set) && set;

    private static string Word(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";
}
