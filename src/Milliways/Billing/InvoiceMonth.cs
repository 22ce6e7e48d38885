using System.Globalization;
using Milliways.Credits.Grants;

namespace Milliways.Billing;

/// <summary>One calendar month of a time zone.</summary>
/// <param name="First">Its first day.</param>
/// <param name="Zone">Whose clocks say when it begins.</param>
internal readonly record struct InvoiceMonth(DateOnly First, TimeZoneInfo Zone)
{
    public string Name => First.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    /// <summary>The first instant.</summary>
    public DateTimeOffset Begin => MonthlyPeriod.FirstInstant(First.ToDateTime(TimeOnly.MinValue), Zone);

    /// <summary>The first instant of the next one.</summary>
    public DateTimeOffset End => Next.Begin;

    public InvoiceMonth Next => this with { First = First.AddMonths(1) };

    public InvoiceMonth Previous => this with { First = First.AddMonths(-1) };

    public static InvoiceMonth At(DateTimeOffset time, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(time, zone);
        return new InvoiceMonth(new DateOnly(local.Year, local.Month, 1), zone);
    }

    public static bool TryParse(string text, TimeZoneInfo zone, out InvoiceMonth month)
    {
        var isOne = DateOnly.TryParseExact(text, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var first);
        month = new InvoiceMonth(first, zone);
        return isOne;
    }
}
