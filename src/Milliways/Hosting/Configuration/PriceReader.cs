using System.Globalization;
using Milliways.Catalogue;

namespace Milliways.Hosting.Configuration;

/// <summary>
/// A price: one object, or a list of them whose later ones say <c>from</c> when they begin. Dollars for a million tokens; <c>perImage</c> and <c>perCall</c>
/// are dollars for one. What is left out of input costs nothing, cached input costs what input does.
/// </summary>
internal static class PriceReader
{
    public static PriceList? Read(ConfigSection section, string name)
    {
        if (!section.IsList(name))
            return section.Section(name) is { } one ? new PriceList(ReadOne(one)) : null;
        var periods = section.Sections(name).Select(ReadOne).ToList();
        for (var i = 1; i < periods.Count; i++)
            if (periods[i].From is not { } from || from <= (periods[i - 1].From ?? DateTimeOffset.MinValue))
                section.Problem("has prices out of order: each but the first needs a \"from\" later than the one before it", name: name);
        return periods.Count > 0 ? new PriceList(periods) : null;
    }

    private static ModelPrice ReadOne(ConfigSection section)
    {
        var input = Ticks(section, "input") ?? 0;
        var cached = Ticks(section, "cachedInput") ?? input;
        var write = Ticks(section, "cacheWrite") ?? input;
        var output = Ticks(section, "output") ?? 0;
        var price = new ModelPrice
        {
            From = section.Text("from") is { } from ? Moment(section, from) : null,
            Input = input,
            CachedInput = cached,
            CacheWrite = write,
            Output = output,
            ImageInput = Ticks(section, "image") ?? 0,
            PerImage = Ticks(section, "perImage") ?? 0,
            PerCall = Ticks(section, "perCall") ?? 0,
            LongContext = section.Section("longContext") is { } far ? ReadLong(far, input, cached, write, output) : null,
        };
        section.Done();
        return price;
    }

    private static LongContextPrice ReadLong(ConfigSection section, long input, long cached, long write, long output)
    {
        if (section.Count("above", 1) is not { } above)
        {
            section.Problem("needs \"above\": the number of prompt tokens beyond which these prices count");
            above = int.MaxValue;
        }
        var price = new LongContextPrice(
            above, Ticks(section, "input") ?? input, Ticks(section, "cachedInput") ?? cached, Ticks(section, "cacheWrite") ?? write, Ticks(section, "output") ?? output);
        section.Done();
        return price;
    }

    private static long? Ticks(ConfigSection section, string name)
    {
        if (section.Money(name) is not { } dollars)
            return null;
        if (dollars <= 1_000_000)
            return ModelPrice.Ticks(dollars);
        section.Problem("is more than a million dollars", name: name);
        return null;
    }

    private static DateTimeOffset? Moment(ConfigSection section, string text)
    {
        if (DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss'Z'"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment))
            return moment;
        section.Problem($"\"{text}\" is no date: write \"2026-01-31\" or \"2026-01-31T18:00:00Z\" (UTC)", name: "from");
        return null;
    }
}
