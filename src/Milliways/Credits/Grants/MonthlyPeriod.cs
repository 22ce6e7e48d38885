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

    /// <summary>
    /// The first instant, to the second, whose local time is that one or later: a clock that is put forward jumps over it, and one that is put back passes it twice.
    /// Only the way from UTC to local time is asked, which always has one answer.
    /// </summary>
    public static DateTimeOffset FirstInstant(DateTime local, TimeZoneInfo zone)
    {
        // No zone is further than 14 hours from UTC.
        var (before, after) = (new DateTimeOffset(local, TimeSpan.Zero).AddHours(-15).ToUnixTimeSeconds(), new DateTimeOffset(local, TimeSpan.Zero).AddHours(15).ToUnixTimeSeconds());
        while (after - before > 1)
        {
            var middle = before + (after - before) / 2;
            if (TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeSeconds(middle), zone).DateTime < local)
                before = middle;
            else
                after = middle;
        }
        return DateTimeOffset.FromUnixTimeSeconds(after);
    }
}
