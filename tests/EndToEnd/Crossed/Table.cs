using Milliways.EndToEnd.Support.Scripted;

namespace Milliways.EndToEnd.Crossed;

/// <summary>Every client, every claim, every upstream.</summary>
internal static class Table
{
    public static IReadOnlyList<Client> Clients { get; } =
    [
        new NodeClient("openai (npm), chat", "openai-chat.mjs") { Complete = "stop", Raises = Names },
        new NodeClient("openai (npm), responses", "openai-responses.mjs") { Complete = "completed", Raises = Names },
        new NodeClient("@anthropic-ai/sdk (npm)", "anthropic.mjs") { Complete = "end_turn", Raises = Names },
        new NodeClient("@ai-sdk/xai (npm), chat", "ai-sdk.mjs") 
        {
            Api = "chat",
            Complete = "stop",
            Raises = _ => "APICallError",
            Absent = new Dictionary<string, string>
            {
                ["tools, streamed @ openai-chat"] = "the package takes a call whole, as xAI sends it; the pieces of an upstream of the same dialect pass as they are",
            },
        },
        new NodeClient("@ai-sdk/xai (npm), responses", "ai-sdk.mjs") { Api = "responses", Complete = "stop", Raises = _ => "APICallError" },
        new NodeClient("@langchain/xai (npm)", "langchain-xai.mjs")
        {
            Complete = "stop",
            Raises = Names,
            Absent = new Dictionary<string, string> { ["final"] = "invoke with streaming: true counts tokens with a table that the package downloads; stream puts its chunks together" },
        },
        new NuGetClient("OpenAI (NuGet), chat", OpenAiChatDriver.Claims) { Complete = "Stop", Raises = _ => "ClientResultException", Absent = OpenAiChatDriver.Absent },
        new NuGetClient("OpenAI (NuGet), responses", OpenAiResponsesDriver.Claims) { Complete = "Completed", Raises = _ => "ClientResultException", Absent = OpenAiResponsesDriver.Absent },
        new NuGetClient("Anthropic (NuGet)", AnthropicDriver.Claims) { Complete = "end_turn", Raises = AnthropicDriver.Names, Absent = AnthropicDriver.Absent },
    ];

    public static IEnumerable<Call> Calls(Client client) =>
        from claim in Claim.All
        from upstream in ScriptedUpstream.Dialects
        where client.Has(claim, upstream)
        select new Call(Id(claim, upstream), claim.Name, $"{claim.Model}@{upstream}", $"{client.Name}: {claim.Name}?");

    public static string Id(Claim claim, string upstream) => $"{claim.Name} @ {upstream}";

    private static string Names(int status) => status switch
    {
        400 => "BadRequestError",
        429 => "RateLimitError",
        _ => "InternalServerError",
    };
}
