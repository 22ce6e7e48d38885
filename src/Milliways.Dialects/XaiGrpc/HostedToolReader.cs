using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Json;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>Tools that run at the server, as Responses writes them (xai-api 1.6.1); its names are the neutral ones.</summary>
internal static class HostedToolReader
{
    public static HostedTool? Read(Tool tool, JsonPath path, JsonReading reading)
    {
        var (type, name) = tool.ToolCase switch
        {
            Tool.ToolOneofCase.WebSearch => ("web_search", "web_search"),
            Tool.ToolOneofCase.XSearch => ("x_search", "x_search"),
            Tool.ToolOneofCase.CodeExecution => ("code_interpreter", "code_execution"),
            Tool.ToolOneofCase.CollectionsSearch => ("file_search", "collections_search"),
            Tool.ToolOneofCase.Mcp => ("mcp", "mcp"),
            Tool.ToolOneofCase.ImageGeneration => ("image_generation", "image_generation"),
            Tool.ToolOneofCase.AttachmentSearch => (null, "attachment_search"),
            _ => (null, null),
        };
        if (type is not null)
        {
            return new HostedTool(name!, JsonMade.Of(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("type"u8, type);
                Write(writer, tool, reading, path);
                writer.WriteEndObject();
            }), path.ToString());
        }

        var what = name is null ? "of a kind that is not known here" : $"'{name}', which no upstream here has";
        reading.Fail(Failure.Unsupported($"{path} is {what}: function tools are supported.", path.ToString()));
        return null;
    }

    private static void Write(Utf8JsonWriter writer, Tool tool, JsonReading reading, JsonPath path)
    {
        switch (tool.ToolCase)
        {
            case Tool.ToolOneofCase.WebSearch:
                var web = tool.WebSearch;
                JsonMade.WriteTexts(writer, "allowed_domains", web.AllowedDomains);
                JsonMade.WriteTexts(writer, "excluded_domains", web.ExcludedDomains);
                if (web.HasEnableImageUnderstanding) writer.WriteBoolean("enable_image_understanding"u8, web.EnableImageUnderstanding);
                if (web.HasEnableImageSearch) writer.WriteBoolean("enable_image_search"u8, web.EnableImageSearch);
                if (web.UserLocation is { } place) Write(writer, place);
                break;
            case Tool.ToolOneofCase.XSearch:
                var x = tool.XSearch;
                SearchReader.Day(writer, "from_date", x.FromDate, reading, path.Member("x_search"));
                SearchReader.Day(writer, "to_date", x.ToDate, reading, path.Member("x_search"));
                JsonMade.WriteTexts(writer, "allowed_x_handles", x.AllowedXHandles);
                JsonMade.WriteTexts(writer, "excluded_x_handles", x.ExcludedXHandles);
                if (x.HasEnableImageUnderstanding) writer.WriteBoolean("enable_image_understanding"u8, x.EnableImageUnderstanding);
                if (x.HasEnableVideoUnderstanding) writer.WriteBoolean("enable_video_understanding"u8, x.EnableVideoUnderstanding);
                break;
            case Tool.ToolOneofCase.CollectionsSearch:
                JsonMade.WriteTexts(writer, "vector_store_ids", tool.CollectionsSearch.CollectionIds);
                if (tool.CollectionsSearch.HasLimit) writer.WriteNumber("max_num_results"u8, tool.CollectionsSearch.Limit);
                if (tool.CollectionsSearch.HasInstructions) writer.WriteString("instructions"u8, tool.CollectionsSearch.Instructions);
                var mode = path.Member("collections_search").Member("retrieval_mode").ToString();
                if (tool.CollectionsSearch.RetrievalModeCase != CollectionsSearch.RetrievalModeOneofCase.None)
                    reading.Fail(Failure.Unsupported($"{mode} cannot be chosen here: leave it away.", mode));
                break;
            case Tool.ToolOneofCase.Mcp:
                Write(writer, tool.Mcp);
                break;
            case Tool.ToolOneofCase.ImageGeneration when tool.ImageGeneration.HasAction:
                writer.WriteString("action"u8, tool.ImageGeneration.Action);
                break;
        }
    }

    private static void Write(Utf8JsonWriter writer, MCP mcp)
    {
        writer.WriteString("server_url"u8, mcp.ServerUrl);
        writer.WriteString("server_label"u8, mcp.ServerLabel);
        if (mcp.ServerDescription.Length > 0) writer.WriteString("server_description"u8, mcp.ServerDescription);
        JsonMade.WriteTexts(writer, "allowed_tools", mcp.AllowedToolNames);
        if (mcp.HasAuthorization) writer.WriteString("authorization"u8, mcp.Authorization);
        if (mcp.ExtraHeaders.Count == 0) return;
        writer.WriteStartObject("headers"u8);
        foreach (var (name, value) in mcp.ExtraHeaders.OrderBy(header => header.Key, StringComparer.Ordinal)) writer.WriteString(name, value);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, WebSearchUserLocation place)
    {
        writer.WriteStartObject("user_location"u8);
        writer.WriteString("type"u8, "approximate"u8);
        if (place.HasCountry) writer.WriteString("country"u8, place.Country);
        if (place.HasCity) writer.WriteString("city"u8, place.City);
        if (place.HasRegion) writer.WriteString("region"u8, place.Region);
        if (place.HasTimezone) writer.WriteString("timezone"u8, place.Timezone);
        writer.WriteEndObject();
    }
}
