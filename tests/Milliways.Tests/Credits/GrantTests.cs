using Milliways.Credits.Grants;
using Milliways.Hosting.Configuration;

namespace Milliways.Tests.Credits;

public sealed class GrantTests
{
    [Theory]
    [InlineData("UTC", "2024-11-30T23:59:59Z", "2024-11", "2024-12-01T00:00:00Z")]
    [InlineData("UTC", "2024-12-01T00:00:00Z", "2024-12", "2025-01-01T00:00:00Z")]
    [InlineData("Europe/Berlin", "2024-11-30T23:00:00Z", "2024-12", "2024-12-31T23:00:00Z")]
    [InlineData("Europe/Berlin", "2024-10-01T00:00:00Z", "2024-10", "2024-10-31T23:00:00Z")] // summer time ends within the month
    [InlineData("Pacific/Auckland", "2024-02-29T12:00:00Z", "2024-03", "2024-03-31T11:00:00Z")] // and here after it
    [InlineData("America/Sao_Paulo", "2000-09-15T00:00:00Z", "2000-09", "2000-10-01T03:00:00Z")]
    [InlineData("Asia/Amman", "2022-03-31T20:59:59Z", "2022-03", "2022-03-31T21:00:00Z")]
    public void A_month_is_that_of_the_rules_time_zone(string zone, string now, string name, string end)
    {
        var period = MonthlyPeriod.Due(new MonthlyGrantConfig { TimeZone = TimeZoneInfo.FindSystemTimeZoneById(zone) }, DateTimeOffset.Parse(now, null));
        Assert.Equal((name, DateTimeOffset.Parse(end, null)), (period!.Value.Name, period.Value.End));
    }

    [Fact]
    public void A_clock_that_jumps_over_midnight_begins_the_month_after_the_gap()
    {
        // Paraguay put its clocks forward at midnight of 1 October 2017: the day began at one.
        var zone = TimeZoneInfo.FindSystemTimeZoneById("America/Asuncion");
        var period = MonthlyPeriod.Due(new MonthlyGrantConfig { TimeZone = zone }, new DateTimeOffset(2017, 9, 15, 12, 0, 0, TimeSpan.Zero));
        Assert.Equal(new DateTimeOffset(2017, 10, 1, 4, 0, 0, TimeSpan.Zero), period!.Value.End);
        Assert.Equal("2017-10", MonthlyPeriod.Due(new MonthlyGrantConfig { TimeZone = zone }, period.Value.End)!.Value.Name);
        Assert.Equal("2017-09", MonthlyPeriod.Due(new MonthlyGrantConfig { TimeZone = zone }, period.Value.End.AddMilliseconds(-1))!.Value.Name);
    }

    [Theory]
    [InlineData("2024-10-31T23:59:59Z", false)]
    [InlineData("2024-11-01T00:00:00Z", true)]
    [InlineData("2024-12-31T23:59:59Z", true)]
    [InlineData("2025-01-01T00:00:00Z", false)]
    public void A_rule_is_in_effect_from_its_first_day_to_its_last(string now, bool due)
    {
        var (from, to, at) = (new DateOnly(2024, 11, 1), new DateOnly(2024, 12, 31), DateTimeOffset.Parse(now, null));
        Assert.Equal(due, MonthlyPeriod.Due(new MonthlyGrantConfig { From = from, To = to }, at) is not null);
        Assert.Equal(due, Bonus.Covers(new PurchaseBonusConfig { From = from, To = to }, at));
    }

    [Fact]
    public void A_bonus_is_rounded_down_and_never_overflows()
    {
        Assert.Equal(33, Bonus.Of(new PurchaseBonusConfig { Percent = 33 }, 101));
        Assert.Equal(Milliways.Credits.Money.Most, Bonus.Of(new PurchaseBonusConfig(), Milliways.Credits.Money.Most));
    }
}
