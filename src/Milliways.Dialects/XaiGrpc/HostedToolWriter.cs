using System.Text.Json;
using Milliways.Dialects.Json;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>Tools that run at the server, out of Responses' form (<see cref="HostedToolReader"/>).</summary>
internal static class HostedToolWriter
{
    public static Tool? Of(JsonElement tool) => tool.Text("type") switch
    {
        "web_search" => new Tool { WebSearch = Web(tool) },
        "x_search" => new Tool { XSearch = X(tool) },
        "code_interpreter" => new Tool { CodeExecution = new CodeExecution() },
        "file_search" => new Tool { CollectionsSearch = Collections(tool) },
        "mcp" => new Tool { Mcp = Mcp(tool) },
        "image_generation" => new Tool { ImageGeneration = Image(tool) },
        _ => null,
    };

    private static WebSearch Web(JsonElement tool)
    {
        var web = new WebSearch { AllowedDomains = { RequestWriter.Texts(tool, "allowed_domains") }, ExcludedDomains = { RequestWriter.Texts(tool, "excluded_domains") } };
        if (Flag(tool, "enable_image_understanding") is { } understands) web.EnableImageUnderstanding = understands;
        if (Flag(tool, "enable_image_search") is { } searches) web.EnableImageSearch = searches;
        var place = tool.Get("user_location");
        if (place.ValueKind != JsonValueKind.Object) return web;
        web.UserLocation = new WebSearchUserLocation();
        if (place.Text("country") is { } country) web.UserLocation.Country = country;
        if (place.Text("city") is { } city) web.UserLocation.City = city;
        if (place.Text("region") is { } region) web.UserLocation.Region = region;
        if (place.Text("timezone") is { } timezone) web.UserLocation.Timezone = timezone;
        return web;
    }

    private static XSearch X(JsonElement tool)
    {
        var x = new XSearch
        {
            FromDate = RequestWriter.Day(tool, "from_date"), ToDate = RequestWriter.Day(tool, "to_date"),
            AllowedXHandles = { RequestWriter.Texts(tool, "allowed_x_handles") }, ExcludedXHandles = { RequestWriter.Texts(tool, "excluded_x_handles") },
        };
        if (Flag(tool, "enable_image_understanding") is { } images) x.EnableImageUnderstanding = images;
        if (Flag(tool, "enable_video_understanding") is { } videos) x.EnableVideoUnderstanding = videos;
        return x;
    }

    private static CollectionsSearch Collections(JsonElement tool)
    {
        var search = new CollectionsSearch { CollectionIds = { RequestWriter.Texts(tool, "vector_store_ids") } };
        if (tool.Index("max_num_results") is { } limit) search.Limit = limit;
        if (tool.Text("instructions") is { } instructions) search.Instructions = instructions;
        return search;
    }

    private static MCP Mcp(JsonElement tool)
    {
        var mcp = new MCP
        {
            ServerUrl = tool.Text("server_url") ?? "", ServerLabel = tool.Text("server_label") ?? "", ServerDescription = tool.Text("server_description") ?? "",
            AllowedToolNames = { RequestWriter.Texts(tool, "allowed_tools") },
        };
        if (tool.Text("authorization") is { } authorization) mcp.Authorization = authorization;
        if (tool.Get("headers") is not { ValueKind: JsonValueKind.Object } headers) return mcp;
        foreach (var header in headers.EnumerateObject())
            if (header.Value.ValueKind == JsonValueKind.String) mcp.ExtraHeaders[header.Name] = JsonText.Of(header.Value);
        return mcp;
    }

    private static ImageGeneration Image(JsonElement tool)
    {
        var image = new ImageGeneration();
        if (tool.Text("action") is { } action) image.Action = action;
        return image;
    }

    private static bool? Flag(JsonElement tool, string name) => tool.Get(name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };
}
