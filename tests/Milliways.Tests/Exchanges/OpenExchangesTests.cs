using Microsoft.AspNetCore.Http;
using Milliways.Api;
using Milliways.Exchanges;
using Milliways.Dialects.Chat;

namespace Milliways.Tests.Exchanges;

public sealed class OpenExchangesTests
{
    [Fact]
    public void Whoever_ends_in_whatever_order_leaves_all_others_open()
    {
        var random = new Random(1);
        for (var round = 0; round < 50; round++)
        {
            var (open, left) = (new OpenExchanges(TimeProvider.System), new List<Exchange>());
            for (var i = 0; i < 30; i++)
                if (left.Count == 0 || random.Next(3) > 0)
                {
                    left.Add(Of(i));
                    open.Add(left[^1]);
                }
                else
                {
                    var leaver = left[random.Next(left.Count)];
                    left.Remove(leaver);
                    open.Remove(leaver);
                    leaver.Dispose();
                    Assert.Equal(left.Select(one => one.RequestId).Order(), open.All().Select(one => one.RequestId).Order());
                    Assert.Equal(left.Count, open.Count);
                }
            left.ForEach(one => one.Dispose());
        }
    }

    [Fact]
    public void Who_waits_for_those_that_run_waits_for_the_last_of_them_and_for_nobody_who_came_later()
    {
        var open = new OpenExchanges(TimeProvider.System);
        using var first = Of(1);
        using var second = Of(2);
        using var later = Of(3);
        open.Add(first);
        open.Add(second);
        var ended = open.WhenEndedAsync();
        open.Add(later);
        open.Remove(first);
        Assert.False(ended.IsCompleted);
        open.Remove(second);
        Assert.True(ended.IsCompletedSuccessfully);
        open.Remove(later);
        Assert.True(open.WhenEndedAsync().IsCompletedSuccessfully);
    }

    private static Exchange Of(int number) => new(new DefaultHttpContext(), new ChatFront(Flavour.Xai), $"req_{number}", TimeProvider.System, new BodyBudget(0));
}
