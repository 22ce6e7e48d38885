using System.Globalization;
using Milliways.Hosting.Configuration;

namespace Milliways.Credits.Grants;

/// <summary>One calendar month of a time zone.</summary>
/// <param name="Name">As <c>2024-11</c>.</param>
/// <param name="End">The first instant of the next one: then what is left of the month's grant ends.</param>
internal readonly record struct MonthlyPeriod(string Name, DateTimeOffset End)
{
    /// <summary>The period whose grant is due at a time, or null: the rule is not in effect then.</summary>
    public static MonthlyPeriod? Due(MonthlyGrantConfig rule, DateTimeOffset now)
    {
        var local = TimeZoneInfo.ConvertTime(now, rule.TimeZone);
        var today = DateOnly.FromDateTime(local.DateTime);
        if (today < rule.From || today > rule.To || rule.Amount <= 0)
            return null;
        var next = new DateTime(local.Year, local.Month, 1).AddMonths(1);
        return new MonthlyPeriod(local.ToString("yyyy-MM", CultureInfo.InvariantCulture), FirstInstant(next, rule.TimeZone));
    }

    /// <summary>When a local time comes first: a clock that is put forward jumps over it, one that is put back passes it twice.</summary>
    private static DateTimeOffset FirstInstant(DateTime local, TimeZoneInfo zone)
    {
        while (zone.IsInvalidTime(local))
            local = local.AddMinutes(1);
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }
}
