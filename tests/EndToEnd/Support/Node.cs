using System.Text.Json.Nodes;
using Milliways.EndToEnd.Sdks;

namespace Milliways.EndToEnd.Support;

/// <summary>What an npm client made of a call.</summary>
/// <param name="Value">The answer as the client gives it; for a stream the list of its events.</param>
/// <param name="Error">Null, or the client's exception: name, status, message, error.</param>
internal sealed record ClientResult(JsonNode? Value, JsonNode? Error)
{
    /// <summary>The value of a call that had to go well.</summary>
    public JsonNode Good => Error is null ? Value ?? throw new InvalidOperationException("The client gave nothing.") : throw new InvalidOperationException($"The client raised {Error.ToJsonString()}");

    /// <summary>What a call raised that had to be refused.</summary>
    public Refusal Refusal => Error is null
        ? throw new InvalidOperationException($"The client raised nothing but gave {Value?.ToJsonString()}")
        : new Refusal(Error["name"]!.GetValue<string>(), Error["status"]?.GetValue<int>() ?? 0, Error["message"]!.GetValue<string>());
}

/// <summary>Drives the unmodified npm clients.</summary>
internal static class Node
{
    /// <summary>Calls a method of the <c>openai</c> package's client, such as <c>chat.completions.create</c>.</summary>
    public static Task<ClientResult> OpenAiAsync(string baseUrl, string? key, string method, params JsonNode[] arguments) => RunAsync("openai.mjs", baseUrl, key, method, arguments);

    /// <summary>Calls a method of the <c>@anthropic-ai/sdk</c> package's client, such as <c>messages.create</c>.</summary>
    public static Task<ClientResult> AnthropicAsync(string baseUrl, string? key, string method, params JsonNode[] arguments) => RunAsync("anthropic.mjs", baseUrl, key, method, arguments);

    /// <summary>Asks models through Cloudflare's <c>ai-gateway-provider</c>; the value is the text.</summary>
    public static Task<ClientResult> AiGatewayAsync(string baseUrl, string key, JsonObject call) => RunAsync("ai-gateway.mjs", baseUrl, key, "", [call]);

    /// <summary>Lets a script begin a stream and abort it; returns when it has, and the process lives on until it is disposed.</summary>
    public static async Task<LineProcess> LeaveAsync(string script, string baseUrl, string key, string method, JsonNode argument)
    {
        var left = LineProcess.Start("node", [Script(script)]);
        await left.WriteLineAsync(Call(baseUrl, key, method, [argument], leave: true));
        await left.LineAsync("\"left\"");
        return left;
    }

    /// <summary>Runs a script to its end with a line to read; it must end well.</summary>
    public static async Task<Finished> RunScriptAsync(string script, string input)
    {
        var finished = await Program.RunAsync("node", [Script(script)], input: input + "\n");
        Assert.True(finished.ExitCode == 0, finished.ToString());
        return finished;
    }

    private static async Task<ClientResult> RunAsync(string script, string baseUrl, string? key, string method, JsonNode[] arguments)
    {
        var finished = await RunScriptAsync(script, Call(baseUrl, key, method, arguments, leave: false));
        var result = JsonNode.Parse(finished.Output)!;
        return new ClientResult(result["value"], result["error"]);
    }

    private static string Script(string name)
    {
        Assert.True(Directory.Exists(Path.Combine(Repository.Clients, "node_modules")), "The npm clients are not installed: run ./test, or npm ci in tests/EndToEnd/clients.");
        return Path.Combine(Repository.Clients, name);
    }

    private static string Call(string baseUrl, string? key, string method, JsonNode[] arguments, bool leave) => new JsonObject
    {
        ["base"] = baseUrl,
        ["key"] = key,
        ["method"] = method,
        ["arguments"] = new JsonArray([.. arguments.Select(argument => argument.DeepClone())]),
        ["leave"] = leave,
    }.ToJsonString();
}
