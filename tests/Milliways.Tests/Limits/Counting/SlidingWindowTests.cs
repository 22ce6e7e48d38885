using Milliways.Limits.Counting;
using Milliways.Tests.Support;

namespace Milliways.Tests.Limits.Counting;

/// <summary>The window against a brute-force one, under any sequence of bookings, corrections and steps of time.</summary>
public sealed class SlidingWindowTests
{
    private const long Length = 1000;

    [Fact]
    public void Without_a_grain_the_sum_and_the_waits_are_those_of_the_reference()
    {
        Dice.Check(dice => Play(dice, grain: 0, (window, reference, now) =>
        {
            Assert.Equal(reference.Used(now), window.Used);
            for (var amount = 1L; amount <= Math.Min(window.Used, 9); amount++)
            {
                // Exactly then, and not a unit of time before, that much has left.
                var wait = window.UntilLeft(now, amount);
                Assert.InRange(wait, 1, Length);
                Assert.True(reference.Used(now) - reference.Used(now + wait) >= amount);
                Assert.True(reference.Used(now) - reference.Used(now + wait - 1) < amount);
            }
            if (window.Used > 0)
            {
                Assert.Equal(0, reference.Used(now + window.UntilEmpty(now)));
                Assert.True(reference.Used(now + window.UntilEmpty(now) - 1) > 0);
            }
        }));
    }

    [Fact]
    public void With_a_grain_the_sum_is_never_too_small_nor_larger_than_a_window_longer_by_the_grain_holds()
    {
        const long Grain = 50;
        Dice.Check(dice => Play(dice, Grain, (window, reference, now) =>
        {
            Assert.True(window.Used >= reference.Used(now), $"{window.Used} < {reference.Used(now)}");
            Assert.True(window.UntilEmpty(now) <= Length);
            Assert.True(window.Entries <= (Length / Grain) + 2, $"{window.Entries} entries");
        }));
    }

    [Fact]
    public void With_a_grain_a_booking_leaves_at_most_a_grain_late()
    {
        const long Grain = 50;
        Dice.Check(dice =>
        {
            var (window, longer, now) = (new SlidingWindow(Length), new ReferenceWindow(Length + Grain), 0L);
            foreach (var _ in Enumerable.Range(0, 80))
            {
                now += dice.Upto(60);
                window.PassTo(now);
                Assert.True(window.Used <= longer.Used(now));
                var amount = 1 + dice.Upto(5);
                window.Add(now, amount, Grain);
                longer.Book(now, amount);
            }
        });
    }

    [Fact]
    public void Bookings_that_were_lowered_to_nothing_take_no_room_for_good()
    {
        var window = new SlidingWindow(Length);
        window.Add(0, 1, grain: 0);
        for (var now = 1; now < 900; now++)
        {
            window.PassTo(now);
            window.Add(now, 1, grain: 0);
            window.Add(now, 1, grain: 0);
            window.Lower(now, 2);
            Assert.Equal(1, window.Used);
        }
        Assert.InRange(window.Entries, 1, 2);
    }

    [Fact]
    public void What_has_left_cannot_be_lowered_and_lowers_nobody_elses()
    {
        var window = new SlidingWindow(Length);
        window.Add(0, 5, grain: 0);
        window.PassTo(Length);
        window.Add(Length, 3, grain: 0);
        window.Lower(0, 5);
        Assert.Equal(3, window.Used);
    }

    private static void Play(Dice dice, long grain, Action<SlidingWindow, ReferenceWindow, long> claim)
    {
        var (window, reference, now) = (new SlidingWindow(Length), new ReferenceWindow(Length), 0L);
        var booked = new List<(long At, long Left)>();
        foreach (var _ in Enumerable.Range(0, 60))
        {
            now += dice.One(0, 0, 1, 7, 40, 333, 999, 1000);
            window.PassTo(now);
            if (booked.Count > 0 && dice.Upto(3) == 2)
            {
                var index = dice.Upto(booked.Count);
                var (at, left) = booked[index];
                var by = dice.Upto((int)left + 1);
                window.Lower(at, by);
                reference.Lower(at, by);
                booked[index] = (at, left - by);
            }
            else
            {
                var amount = 1 + dice.Upto(6);
                window.Add(now, amount, grain);
                reference.Book(now, amount);
                booked.Add((now, amount));
            }
            claim(window, reference, now);
        }
    }
}
