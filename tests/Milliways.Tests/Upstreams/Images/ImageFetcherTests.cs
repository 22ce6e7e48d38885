using System.Net;
using Milliways.Dialects.Chat;
using Milliways.Tests.Support;
using Milliways.Upstreams.Images;
using Milliways.Upstreams.Tenants;

namespace Milliways.Tests.Upstreams.Images;

/// <summary>Images by address: what is fetched, and everything that is not.</summary>
public sealed class ImageFetcherTests
{
    private static readonly string[] Loopback = ["127.0.0.0/8"];

    private static async Task<Reading<FetchedImage>> FetchAsync(string address, string[]? allowed = null, Resolver? resolve = null, TimeProvider? time = null)
    {
        using var client = new TenantClient(new AddressRules(allowed ?? []), ImageFetcher.Limit, resolve);
        return await new ImageFetcher(client, time ?? TimeProvider.System).FetchAsync(address, CancellationToken.None).Soon();
    }

    private static void Refused(Reading<FetchedImage> reading, string words)
    {
        Assert.Equal((FailureKind.InvalidRequest, FailureParty.Client, "image"), (reading.Failure?.Kind, reading.Failure?.Party, reading.Failure?.Stage));
        Assert.StartsWith("the image at ", reading.Failure!.Message, StringComparison.Ordinal);
        Assert.Contains(words, reading.Failure.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[]> Files => new()
    {
        { "image/png", ImageFiles.Png }, { "image/jpeg", ImageFiles.Jpeg }, { "image/gif", ImageFiles.Gif }, { "image/webp", ImageFiles.Webp }, { "image/heic", ImageFiles.Heic },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public async Task An_image_is_what_its_first_bytes_say(string type, byte[] file)
    {
        // Storage services name no type, and some servers a wrong one.
        foreach (var declared in (string[])[type, "application/octet-stream", "image/x-something"])
        {
            await using var server = new FakeUpstream(turn => turn.WholeAsync(file, contentType: declared));
            var image = await FetchAsync(server.Url + "/a", Loopback);
            Assert.Equal(new FetchedImage(type, Convert.ToBase64String(file)), image.Value);
        }
    }

    [Fact]
    public async Task What_is_no_image_is_refused()
    {
        await using var server = new FakeUpstream();
        server.Then(turn => turn.WholeAsync("<html></html>", contentType: "text/html"));
        Refused(await FetchAsync(server.Url, Loopback), "is no image");
        server.Then(turn => turn.WholeAsync("secret", contentType: "image/png"));
        Refused(await FetchAsync(server.Url, Loopback), "is no image");
        server.Then(turn => turn.WholeAsync(ImageFiles.Png, contentType: "text/html"));
        Refused(await FetchAsync(server.Url, Loopback), "is no image");
        server.Then(turn => turn.WholeAsync(ImageFiles.Png, 404, "image/png"));
        Refused(await FetchAsync(server.Url, Loopback), "status 404");
    }

    [Fact]
    public async Task A_private_address_is_not_even_connected_to()
    {
        await using var server = new FakeUpstream(turn => turn.WholeAsync(ImageFiles.Png, contentType: "image/png"));
        var port = new Uri(server.Url).Port;
        foreach (var host in (string[])["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1", "0.0.0.0"])
        {
            Refused(await FetchAsync($"https://{host}:{port}/a.png"), "not public");
            Refused(await FetchAsync($"http://{host}:{port}/a.png"), "https");
        }
        Assert.Equal(0, server.Connections);
    }

    [Fact]
    public async Task A_name_that_has_one_private_address_is_refused()
    {
        await using var server = new FakeUpstream(turn => turn.WholeAsync(ImageFiles.Png, contentType: "image/png"));
        var port = new Uri(server.Url).Port;
        Resolver mixed = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("1.1.1.1"), IPAddress.Loopback]);
        Resolver metadata = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("169.254.169.254")]);

        Refused(await FetchAsync($"https://pictures.example:{port}/a.png", resolve: mixed), "not public");
        Refused(await FetchAsync("https://pictures.example/a.png", resolve: metadata), "not public");
        Assert.Equal(0, server.Connections);
    }

    [Fact]
    public async Task A_name_is_resolved_once_and_connected_to_what_was_checked()
    {
        await using var server = new FakeUpstream(turn => turn.WholeAsync(ImageFiles.Png, contentType: "image/png"));
        var asked = new List<string>();
        Resolver first = (host, _) =>
        {
            asked.Add(host);
            return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
        };

        var image = await FetchAsync($"http://pictures.example:{new Uri(server.Url).Port}/a.png", Loopback, first);

        Assert.True(image.IsOk, image.Failure?.Message);
        Assert.Equal(["pictures.example"], asked);
        Assert.Equal($"pictures.example:{new Uri(server.Url).Port}", server.Last.Header("Host"));
    }

    [Fact]
    public async Task A_redirect_is_followed_and_checked_like_the_first_address()
    {
        await using var server = new FakeUpstream(turn => turn.WholeAsync(ImageFiles.Png, contentType: "image/png"));
        server.Then(turn => turn.WholeAsync("", 302, "text/plain", "Location: /b.png"));
        Assert.True((await FetchAsync(server.Url + "/a.png", Loopback)).IsOk);
        Assert.Equal("/b.png", server.Last.Target);

        server.Then(turn => turn.WholeAsync("", 302, "text/plain", "Location: https://10.0.0.1/secret.png"));
        Refused(await FetchAsync(server.Url + "/a.png", Loopback), "not public");
        server.Then(turn => turn.WholeAsync("", 307, "text/plain", "Location: http://1.1.1.1/a.png"));
        Refused(await FetchAsync(server.Url + "/a.png", Loopback), "https");
        server.Then(turn => turn.WholeAsync("", 302, "text/plain", "Location: file:///etc/passwd"));
        Refused(await FetchAsync(server.Url + "/a.png", Loopback), "https");
        server.Then(turn => turn.WholeAsync("", 302, "text/plain"));
        Refused(await FetchAsync(server.Url + "/a.png", Loopback), "redirected");
    }

    [Fact]
    public async Task The_fourth_redirect_is_one_too_many()
    {
        await using var server = new FakeUpstream(turn => turn.WholeAsync(ImageFiles.Png, contentType: "image/png"));
        for (var hop = 0; hop < 3; hop++)
            server.Then(turn => turn.WholeAsync("", 302, "text/plain", "Location: /again"));
        Assert.True((await FetchAsync(server.Url, Loopback)).IsOk);
        for (var hop = 0; hop < 4; hop++)
            server.Then(turn => turn.WholeAsync("", 302, "text/plain", "Location: /again"));
        Refused(await FetchAsync(server.Url, Loopback), "more than 3 times");
    }

    [Theory]
    [InlineData("ftp://example.org/a.png", "https")]
    [InlineData("file:///etc/passwd", "https")]
    [InlineData("https://user:word@example.org/a.png", "credentials")]
    [InlineData("a.png", "no absolute address")]
    public async Task An_odd_address_is_refused(string address, string words) => Refused(await FetchAsync(address), words);

    [Fact]
    public async Task An_image_over_10_MiB_is_refused_whether_it_says_so_or_not()
    {
        var most = new byte[ImageFetcher.MostBytes];
        ImageFiles.Png.CopyTo(most, 0);
        await using var server = new FakeUpstream(turn => turn.WholeAsync(most, contentType: "image/png"));
        Assert.True((await FetchAsync(server.Url, Loopback)).IsOk);

        server.Then(turn => turn.WholeAsync([.. most, 0], contentType: "image/png"));
        Refused(await FetchAsync(server.Url, Loopback), "10 MiB");
        server.Then(async turn =>
        {
            await turn.BeginAsync("image/png");
            await turn.SendAsync([.. most, 0]);
            await turn.ClosedAsync();
        });
        Refused(await FetchAsync(server.Url, Loopback), "10 MiB");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_image_that_takes_longer_than_5_seconds_is_given_up(bool hasBegun)
    {
        await using var server = new FakeUpstream(async turn =>
        {
            if (hasBegun)
            {
                await turn.BeginAsync("image/png");
                await turn.SendAsync(ImageFiles.Png);
            }
            await turn.ClosedAsync();
        });
        var time = new ManualTime();

        var fetch = FetchAsync(server.Url, Loopback, time: time);
        await server.ArrivalAsync();
        var took = await time.RunUntilAsync(fetch);

        Refused(await fetch, "within 5 s");
        Assert.InRange(took, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_told_without_its_reason()
    {
        var server = new FakeUpstream();
        await server.DisposeAsync();
        Refused(await FetchAsync(server.Url, Loopback), "cannot be fetched");
        Refused(await FetchAsync("https://no.example/a.png", resolve: (_, _) => Task.FromResult<IPAddress[]>([])), "cannot be fetched");
    }
}
