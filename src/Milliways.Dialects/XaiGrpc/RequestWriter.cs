using System.Globalization;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>A neutral request for xAI over gRPC. The same request gives the same bytes.</summary>
public static class RequestWriter
{
    private const int MostStops = 8;

    private static readonly string[] Efforts = ["none", "low", "medium", "high", "xhigh"];

    /// <summary>Names what is left out in <paramref name="dropped"/>; a failure names what the caller would miss.</summary>
    public static Reading<GetCompletionsRequest> Write(ChatRequest request, UpstreamTarget target, ICollection<string> dropped)
    {
        if (Crossing.Check(request, dropped, liveSearch: true, hostedTools: true) is { } refused) return refused;
        if (request.Stop.Count > MostStops)
            return Failure.Unsupported($"{request.StopName} may have at most {JsonText.Number(MostStops)} texts at the upstream that serves this model.", request.StopName);
        var message = new GetCompletionsRequest { Model = target.Model, N = request.N, User = request.User ?? "", Logprobs = request.Logprobs };
        // What it proves could be sent back to xAI alone, and callers of other dialects have no place for it.
        if (request.EncryptedReasoning) dropped.Add(request.EncryptedReasoningName);
        WriteOwn(request, message, dropped);
        if (MessageWriter.Write(request, target.Strict, message.Messages) is { } wrong) return wrong;
        WriteTools(request, message, dropped);
        WriteSampling(request, message, dropped);
        if (request.ResponseFormat is { } format) message.ResponseFormat = SettingsWriter.Of(format);
        if (request.Thinking is { } thinking && Chat.ReasoningEffort.Wanted(thinking) is { } wanted)
        {
            if (Chat.ReasoningEffort.Known(wanted, Efforts) is { } known) message.ReasoningEffort = SettingsWriter.Effort(known)!.Value;
            else dropped.Add("reasoning_effort");
        }

        switch (request.ServiceTier)
        {
            case "default" or "standard_only":
                message.ServiceTier = ServiceTier.Default;
                break;
            case "priority":
                message.ServiceTier = ServiceTier.Priority;
                break;
            case { } other when other != "auto":
                dropped.Add("service_tier");
                break;
        }

        if (request.Other.TryGetValue("search_parameters", out var search)) message.SearchParameters = Search(search);
        if (request.PromptCacheKey is not null) dropped.Add("prompt_cache_key");
        if (request.Verbosity is not null) dropped.Add("verbosity");
        return message;
    }

    /// <summary>What the dialect has for itself alone, from a caller that speaks it.</summary>
    private static void WriteOwn(ChatRequest request, GetCompletionsRequest message, ICollection<string> dropped)
    {
        message.Include.AddRange(Asked.Included(request));
        if (message.Include.Count > 0) dropped.Remove("include");
        if (request.Other.TryGetValue("max_turns", out var turns) && turns.TryGetInt32(out var most) && dropped.Remove("max_turns")) message.MaxTurns = most;
        if (request.Other.TryGetValue("agent_count", out var agents) && agents.TryGetInt32(out var count) && dropped.Remove("agent_count")) message.AgentCount = (AgentCount)count;
    }

    private static void WriteTools(ChatRequest request, GetCompletionsRequest message, ICollection<string> dropped)
    {
        CustomTools.NameLosses(request, dropped);
        foreach (var tool in request.Tools)
        {
            var function = SettingsWriter.Of(CustomTools.AsFunction(tool));
            function.Name = ToolNames.ForUpstream(tool.Name);
            message.Tools.Add(new Tool { Function = function });
        }

        foreach (var hosted in request.HostedTools)
            if (HostedToolWriter.Of(hosted.Definition) is { } tool) message.Tools.Add(tool);
        if (message.Tools.Count == 0) return;
        if (request.ToolChoice is { } choice)
        {
            message.ToolChoice = SettingsWriter.Of(choice);
            if (choice.Name is { } name) message.ToolChoice.FunctionName = ToolNames.ForUpstream(name);
        }

        if (request.ParallelToolCalls is { } parallel) message.ParallelToolCalls = parallel;
    }

    private static void WriteSampling(ChatRequest request, GetCompletionsRequest message, ICollection<string> dropped)
    {
        message.Stop.AddRange(request.Stop);
        if (request.MaxOutputTokens is { } most) message.MaxTokens = most;
        if (request.Temperature is { } temperature) message.Temperature = (float)temperature;
        if (request.TopP is { } topP) message.TopP = (float)topP;
        if (request.FrequencyPenalty is { } frequency) message.FrequencyPenalty = (float)frequency;
        if (request.PresencePenalty is { } presence) message.PresencePenalty = (float)presence;
        if (request.TopLogprobs is { } top) message.TopLogprobs = top;
        switch (request.Seed)
        {
            case null:
                break;
            case >= int.MinValue and <= int.MaxValue:
                message.Seed = (int)request.Seed.Value;
                break;
            default:
                dropped.Add("seed");
                break;
        }

        if (request.TopK is not null) dropped.Add("top_k");
        if (request.MinP is not null) dropped.Add("min_p");
        if (request.RepetitionPenalty is not null) dropped.Add("repetition_penalty");
        if (request.LogitBias is { Count: > 0 }) dropped.Add("logit_bias");
    }

    /// <summary>What REST's callers wrote as they liked: a member of a wrong type is not set.</summary>
    private static SearchParameters Search(JsonElement search)
    {
        var message = new SearchParameters
        {
            Mode = search.Text("mode") switch { "off" => SearchMode.OffSearchMode, "on" => SearchMode.OnSearchMode, _ => SearchMode.AutoSearchMode },
            ReturnCitations = search.Get("return_citations").ValueKind != JsonValueKind.False,
            FromDate = Day(search, "from_date"),
            ToDate = Day(search, "to_date"),
        };
        if (search.Index("max_search_results") is { } most) message.MaxSearchResults = most;
        foreach (var source in search.Items("sources"))
            if (SourceOf(source) is { } read) message.Sources.Add(read);
        return message;
    }

    internal static Timestamp? Day(JsonElement holder, string name) =>
        DateOnly.TryParseExact(holder.Text(name), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? new Timestamp { Seconds = new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero).ToUnixTimeSeconds() } : null;

    internal static IEnumerable<string> Texts(JsonElement holder, string name) =>
        holder.Items(name).Where(item => item.ValueKind == JsonValueKind.String).Select(JsonText.Of);

    private static Source? SourceOf(JsonElement source)
    {
        var isSafe = source.Get("safe_search").ValueKind != JsonValueKind.False;
        switch (source.Text("type"))
        {
            case "web":
                var web = new WebSource { SafeSearch = isSafe, ExcludedWebsites = { Texts(source, "excluded_websites") }, AllowedWebsites = { Texts(source, "allowed_websites") } };
                if (source.Text("country") is { } land) web.Country = land;
                return new Source { Web = web };
            case "news":
                var news = new NewsSource { SafeSearch = isSafe, ExcludedWebsites = { Texts(source, "excluded_websites") } };
                if (source.Text("country") is { } country) news.Country = country;
                return new Source { News = news };
            case "x":
                var x = new XSource { IncludedXHandles = { Texts(source, "included_x_handles"), Texts(source, "x_handles") }, ExcludedXHandles = { Texts(source, "excluded_x_handles") } };
                if (source.Index("post_favorite_count") is { } favourites) x.PostFavoriteCount = favourites;
                if (source.Index("post_view_count") is { } views) x.PostViewCount = views;
                return new Source { X = x };
            case "rss":
                return new Source { Rss = new RssSource { Links = { Texts(source, "links") } } };
            default:
                return null;
        }
    }
}
