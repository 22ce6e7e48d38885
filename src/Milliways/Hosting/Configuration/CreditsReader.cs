using System.Globalization;
using Milliways.Credits;

namespace Milliways.Hosting.Configuration;

/// <summary>Reads the section <c>credits</c>.</summary>
internal static class CreditsReader
{
    private static readonly Dictionary<string, Durability> Durabilities = new() { ["disk"] = Durability.Disk, ["process"] = Durability.Process };

    public static CreditsConfig Read(ConfigSection section)
    {
        var usual = new CreditsConfig();
        var credits = new CreditsConfig
        {
            MonthlyGrant = section.IsNull("monthlyGrant") ? null : section.Section("monthlyGrant") is { } monthly ? ReadMonthly(monthly) : usual.MonthlyGrant,
            PurchaseBonus = section.Section("purchaseBonus") is { } bonus ? ReadBonus(bonus) : null,
            Postpaid = Ticks(section, "postpaid") ?? usual.Postpaid,
            TopUp = section.Flag("topUp") ?? usual.TopUp,
            Durability = section.Choice("durability", Durabilities) ?? usual.Durability,
        };
        section.Done();
        return credits;
    }

    private static MonthlyGrantConfig ReadMonthly(ConfigSection section)
    {
        var usual = new MonthlyGrantConfig();
        var (from, to) = ReadDays(section);
        var grant = new MonthlyGrantConfig
        {
            Amount = Ticks(section, "amount") ?? usual.Amount, From = from, To = to, TimeZone = ReadZone(section) ?? usual.TimeZone,
        };
        section.Done();
        return grant;
    }

    private static PurchaseBonusConfig ReadBonus(ConfigSection section)
    {
        var usual = new PurchaseBonusConfig();
        var (from, to) = ReadDays(section);
        var bonus = new PurchaseBonusConfig
        {
            Percent = section.Count("percent", 1, 1000) ?? usual.Percent, From = from, To = to, Retroactive = section.Flag("retroactive") ?? usual.Retroactive,
        };
        section.Done();
        return bonus;
    }

    private static (DateOnly? From, DateOnly? To) ReadDays(ConfigSection section)
    {
        var (from, to) = (Day(section, "from"), Day(section, "to"));
        if (from > to)
            section.Problem("is before \"from\": exchange the two days", name: "to");
        return (from, to);
    }

    private static DateOnly? Day(ConfigSection section, string name)
    {
        if (section.Text(name) is not { } text)
            return null;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            return day;
        section.Problem($"\"{text}\" is no day: write it as \"2024-11-01\"", name: name);
        return null;
    }

    internal static TimeZoneInfo? ReadZone(ConfigSection section)
    {
        if (section.Text("timeZone") is not { } text)
            return null;
        if (TimeZoneInfo.TryFindSystemTimeZoneById(text, out var zone))
            return zone;
        section.Problem($"\"{text}\" is no time zone of this machine: write a name such as \"UTC\" or \"Europe/Berlin\"", name: "timeZone");
        return null;
    }

    internal static long? Ticks(ConfigSection section, string name)
    {
        if (section.Text(name) is not { } text)
            return null;
        if (Money.TryParse(text, out var ticks) && ticks >= 0)
            return ticks;
        section.Problem($"\"{text}\" is no amount: write dollars as a decimal text, such as \"25.00\"", name: name);
        return null;
    }
}
