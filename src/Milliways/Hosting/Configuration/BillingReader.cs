using System.Globalization;

namespace Milliways.Hosting.Configuration;

/// <summary>Reads the section <c>billing</c>.</summary>
internal static class BillingReader
{
    private const int LongestSeries = 20;
    private const int LongestText = 200;
    private const int MostLines = 10;

    public static BillingConfig Read(ConfigSection section)
    {
        var usual = new BillingConfig();
        var billing = new BillingConfig
        {
            Invoices = section.Flag("invoices") ?? usual.Invoices,
            Series = ReadSeries(section) ?? usual.Series,
            TimeZone = CreditsReader.ReadZone(section),
            Seller = section.Section("seller") is { } seller ? ReadSeller(seller) : usual.Seller,
            Taxes = [.. section.Sections("taxes").Select(ReadTax)],
        };
        section.Done();
        return billing;
    }

    private static string? ReadSeries(ConfigSection section)
    {
        if (section.Text("series") is not { } series)
            return null;
        if (series.Length <= LongestSeries && series.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '/' or '.'))
            return series;
        section.Problem($"\"{series}\" must have at most {LongestSeries} letters, digits, hyphens, slashes and dots", name: "series");
        return null;
    }

    private static PartyConfig ReadSeller(ConfigSection section)
    {
        var seller = new PartyConfig
        {
            Name = Line(section, "name"),
            Address = section.Texts("address") ?? [],
            TaxNumber = Line(section, "taxNumber"),
            Email = Line(section, "email"),
        };
        if (seller.Address.Count > MostLines || seller.Address.Any(line => line.Length > LongestText))
            section.Problem($"has at most {MostLines} lines of at most {LongestText} characters", name: "address");
        section.Done();
        return seller;
    }

    private static string Line(ConfigSection section, string name)
    {
        var text = section.Text(name) ?? "";
        if (text.Length > LongestText)
            section.Problem($"has at most {LongestText} characters", name: name);
        return text;
    }

    private static TaxConfig ReadTax(ConfigSection section)
    {
        var name = Line(section, "name");
        if (name.Length == 0)
            section.Problem("needs a \"name\", such as \"VAT\"");
        var text = section.Text("percent");
        if (text is null || !decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) || percent > 100 || decimal.Round(percent, 4) != percent)
        {
            section.Problem("must be a decimal text from \"0\" to \"100\" with at most four decimals, such as \"19\"", name: "percent");
            percent = 0;
        }
        section.Done();
        return new TaxConfig(name, percent);
    }
}
