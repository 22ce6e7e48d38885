using System.Globalization;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Milliways.Dialects.Json;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>SearchParameters as the REST interface writes them (xai-api 1.3.5), which is how the neutral model keeps them for xAI's own models.</summary>
internal static class SearchReader
{
    private static readonly string?[] Modes = [null, "off", "on", "auto"];

    public static JsonElement Read(SearchParameters search, JsonReading reading)
    {
        var path = JsonPath.Root.Member("search_parameters");
        var mode = Fields.Word(search.Mode, Modes, reading, path.Member("mode"));
        if (search.HasMaxSearchResults && search.MaxSearchResults is < 1 or > 50) reading.OutOfRange(path.Member("max_search_results"), "between 1 and 50");
        for (var at = 0; at < search.Sources.Count; at++)
            if (search.Sources[at].SourceCase == Source.SourceOneofCase.None) reading.OutOfRange(path.Member("sources").Item(at), "one of web, news, x, rss");
        return JsonMade.Of(writer =>
        {
            writer.WriteStartObject();
            if (mode is not null) writer.WriteString("mode"u8, mode);
            if (search.Sources.Count > 0)
            {
                writer.WriteStartArray("sources"u8);
                foreach (var source in search.Sources) Write(writer, source);
                writer.WriteEndArray();
            }

            Day(writer, "from_date", search.FromDate, reading, path);
            Day(writer, "to_date", search.ToDate, reading, path);
            writer.WriteBoolean("return_citations"u8, search.ReturnCitations);
            if (search.HasMaxSearchResults) writer.WriteNumber("max_search_results"u8, search.MaxSearchResults);
            writer.WriteEndObject();
        });
    }

    /// <summary>A day, which is all that the interface knows of time; one before year 1 or after 9999 is refused.</summary>
    public static void Day(Utf8JsonWriter writer, string name, Timestamp? time, JsonReading reading, JsonPath path)
    {
        if (time is null) return;
        if (time.Seconds is >= -62135596800 and <= 253402300799) writer.WriteString(name, DateTimeOffset.FromUnixTimeSeconds(time.Seconds).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        else reading.OutOfRange(path.Member(name), "between the years 1 and 9999");
    }

    private static void Write(Utf8JsonWriter writer, Source source)
    {
        writer.WriteStartObject();
        switch (source.SourceCase)
        {
            case Source.SourceOneofCase.Web:
                writer.WriteString("type"u8, "web"u8);
                JsonMade.WriteTexts(writer, "excluded_websites", source.Web.ExcludedWebsites);
                JsonMade.WriteTexts(writer, "allowed_websites", source.Web.AllowedWebsites);
                if (source.Web.HasCountry) writer.WriteString("country"u8, source.Web.Country);
                writer.WriteBoolean("safe_search"u8, source.Web.SafeSearch);
                break;
            case Source.SourceOneofCase.News:
                writer.WriteString("type"u8, "news"u8);
                JsonMade.WriteTexts(writer, "excluded_websites", source.News.ExcludedWebsites);
                if (source.News.HasCountry) writer.WriteString("country"u8, source.News.Country);
                writer.WriteBoolean("safe_search"u8, source.News.SafeSearch);
                break;
            case Source.SourceOneofCase.X:
                writer.WriteString("type"u8, "x"u8);
                JsonMade.WriteTexts(writer, "included_x_handles", source.X.IncludedXHandles);
                JsonMade.WriteTexts(writer, "excluded_x_handles", source.X.ExcludedXHandles);
                if (source.X.HasPostFavoriteCount) writer.WriteNumber("post_favorite_count"u8, source.X.PostFavoriteCount);
                if (source.X.HasPostViewCount) writer.WriteNumber("post_view_count"u8, source.X.PostViewCount);
                break;
            case Source.SourceOneofCase.Rss:
                writer.WriteString("type"u8, "rss"u8);
                JsonMade.WriteTexts(writer, "links", source.Rss.Links);
                break;
        }

        writer.WriteEndObject();
    }
}
