using System.Text.Json.Nodes;

namespace Milliways.EndToEnd.Support;

/// <summary>What an npm client made of a call.</summary>
/// <param name="Value">The answer as the client gives it; for a stream the list of its events.</param>
/// <param name="Error">Null, or the client's exception: name, status, message, error.</param>
internal sealed record ClientResult(JsonNode? Value, JsonNode? Error)
{
    /// <summary>The value of a call that had to go well.</summary>
    public JsonNode Good => Error is null ? Value ?? throw new InvalidOperationException("The client gave nothing.") : throw new InvalidOperationException($"The client raised {Error.ToJsonString()}");
}

/// <summary>Drives the unmodified npm clients.</summary>
internal static class Node
{
    /// <summary>Calls a method of the <c>openai</c> package's client, such as <c>chat.completions.create</c>.</summary>
    public static Task<ClientResult> OpenAiAsync(string baseUrl, string key, string method, params JsonNode[] arguments) => RunAsync("openai.mjs", baseUrl, key, method, arguments);

    /// <summary>Calls a method of the <c>@anthropic-ai/sdk</c> package's client, such as <c>messages.create</c>.</summary>
    public static Task<ClientResult> AnthropicAsync(string baseUrl, string key, string method, params JsonNode[] arguments) => RunAsync("anthropic.mjs", baseUrl, key, method, arguments);

    private static async Task<ClientResult> RunAsync(string script, string baseUrl, string key, string method, JsonNode[] arguments)
    {
        Assert.True(Directory.Exists(Path.Combine(Repository.Clients, "node_modules")), "The npm clients are not installed: run ./test, or npm ci in tests/EndToEnd/clients.");
        var call = new JsonObject { ["base"] = baseUrl, ["key"] = key, ["method"] = method, ["arguments"] = new JsonArray([.. arguments.Select(argument => argument.DeepClone())]) };
        var finished = await Program.RunAsync("node", [Path.Combine(Repository.Clients, script)], input: call.ToJsonString());
        Assert.True(finished.ExitCode == 0, finished.ToString());
        var result = JsonNode.Parse(finished.Output)!;
        return new ClientResult(result["value"], result["error"]);
    }
}
