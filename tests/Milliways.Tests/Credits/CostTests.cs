using System.Numerics;
using Milliways.Catalogue;
using Milliways.Credits.Pricing;
using Milliways.Dialects.Chat;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

public sealed class CostTests
{
    private static readonly ModelPrice Grok = ModelPrice.FromDollars(5, 2.5m, 15);

    [Fact]
    public void A_token_of_grok_beta_costs_what_the_list_says()
    {
        Assert.Equal((50_000, 25_000, 150_000), (Cost.Of(Grok, new ChatUsage(1, 0, 0, 0, 0)), Cost.Of(Grok, new ChatUsage(0, 1, 0, 0, 0)), Cost.Of(Grok, new ChatUsage(0, 0, 0, 1, 0))));
        Assert.Equal((10 * 50_000) + (4 * 25_000) + (20 * 150_000), Cost.Of(Grok, new ChatUsage(10, 4, 0, 20, 7)));
    }

    [Fact]
    public void Writing_to_a_cache_images_and_calls_have_their_own_prices()
    {
        var price = ModelPrice.FromDollars(3, 0.3m, 15, cacheWrite: 3.75m) with { PerImage = ModelPrice.Ticks(0.07m), PerCall = ModelPrice.Ticks(0.025m) };
        Assert.Equal(37_500, Cost.Of(price, new ChatUsage(0, 0, 1, 0, 0)));
        Assert.Equal(700_000_000 * 3L, Cost.Of(price, default, images: 3));
        Assert.Equal(250_000_000 * 4L, Cost.Of(price, new ChatUsage(0, 0, 0, 0, 0) { Calls = 4 }));
    }

    [Fact]
    public void A_long_prompt_makes_the_whole_request_dearer_from_the_first_token_beyond()
    {
        var price = ModelPrice.FromDollars(1, 1, 2) with { LongContext = new LongContextPrice(100, 20_000_000_000, 20_000_000_000, 20_000_000_000, 40_000_000_000) };
        Assert.Equal((100 * 10_000) + 20_000, Cost.Of(price, new ChatUsage(60, 40, 0, 1, 0)));
        Assert.Equal((101 * 20_000) + 40_000, Cost.Of(price, new ChatUsage(61, 40, 0, 1, 0)));
    }

    [Fact]
    public void What_is_less_than_a_tick_is_rounded_up_once_for_the_sum()
    {
        // Half a tick a token: two of them are one tick, not two.
        var price = ModelPrice.Free with { Input = 500_000, Output = 500_000 };
        Assert.Equal((1, 1, 2), (Cost.Of(price, new ChatUsage(1, 0, 0, 0, 0)), Cost.Of(price, new ChatUsage(1, 0, 0, 1, 0)), Cost.Of(price, new ChatUsage(1, 0, 0, 2, 0))));
        Assert.Equal(25_000, Cost.Of(Grok, new ChatUsage(1, 0, 0, 0, 0), percent: 50));
        Assert.Equal(1, Cost.Of(ModelPrice.Free with { Input = 1_000_000 }, new ChatUsage(1, 0, 0, 0, 0), percent: 1));
    }

    [Fact]
    public void The_cost_is_the_exact_sum_rounded_up() => Dice.Check(dice =>
    {
        long Number() => dice.Upto(9973) * (long)dice.Upto(9973) * dice.One(1, 97);
        var price = ModelPrice.Free with { Input = Number(), CachedInput = Number(), Output = Number() };
        var (usage, percent) = (new ChatUsage(Number(), Number(), 0, Number(), 0), dice.Upto(300));
        var exact = (((BigInteger)usage.Input * price.Input) + ((BigInteger)usage.CacheRead * price.CachedInput) + ((BigInteger)usage.Output * price.Output)) * percent;
        var up = (exact + 99_999_999) / 100_000_000;
        Assert.Equal(BigInteger.Min(up, Milliways.Credits.Money.Most), Cost.Of(price, usage, percent: percent));
    });

    [Fact]
    public void No_usage_within_its_bound_costs_more_than_the_bound() => Dice.Check(dice =>
    {
        var each = (decimal)dice.Upto(200);
        var price = ModelPrice.FromDollars(each, each / 3, each * 2, cacheWrite: each * 1.25m) with
        {
            LongContext = dice.Flip() ? new LongContextPrice(5_000, dice.Upto(9973) * 1_000_000L, dice.Upto(5), dice.Upto(9973) * 2_000_000L, dice.Upto(9973) * 3_000_000L) : null,
        };
        var usage = new ChatUsage(dice.Upto(9973), dice.Upto(9973), dice.Upto(9973), dice.Upto(9973), 0);
        Assert.True(Cost.Of(price, usage) <= Cost.Bound(price, usage.TotalInput, usage.Output));
    });

    [Fact]
    public void The_tokens_that_an_amount_pays_for_are_paid_by_it_and_one_more_is_not() => Dice.Check(dice =>
    {
        var (ticks, list) = (dice.Upto(9973) * 1_000_003L, ModelPrice.Free with { Output = (dice.Upto(9973) + 1L) * 1_000_003 });
        var tokens = Cost.TokensFor(list, ticks);
        Assert.True(Cost.Bound(list, 0, tokens) <= ticks && Cost.Bound(list, 0, tokens + 1) > ticks);
    });

    [Fact]
    public void Prices_count_from_their_day_on()
    {
        var day = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var list = new PriceList([Grok with { From = day }, Grok with { From = day.AddDays(10), Output = 1 }]);
        Assert.Null(list.At(day.AddTicks(-1)));
        Assert.Equal((Grok.Output, Grok.Output, 1), (list.At(day)!.Output, list.At(day.AddDays(10).AddTicks(-1))!.Output, list.At(day.AddDays(10))!.Output));
    }
}
