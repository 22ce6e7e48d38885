using System.Buffers;
using System.Globalization;
using Milliways.Dialects.Chat;
using Milliways.Upstreams.Tenants;

namespace Milliways.Upstreams.Images;

/// <summary>An image as it goes into a request: its real type, and its bytes as base64.</summary>
internal sealed record FetchedImage(string MediaType, string Data);

/// <summary>
/// Fetches images that callers name by address, for upstreams that take the image itself only. https to public addresses, and what
/// <c>security.allowPrivateUpstreams</c> names; at most 10 MiB, 5 s in all, three redirects, each of which is checked like the first address.
/// </summary>
internal sealed class ImageFetcher(TenantClient client, TimeProvider time)
{
    public const int MostBytes = 10 << 20;

    private const int MostRedirects = 3;

    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>The image, or a failure of the caller that says what is wrong with the address; where that stands, its caller has to add.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public async Task<Reading<FetchedImage>> FetchAsync(string address, CancellationToken cancel)
    {
        if (!Uri.TryCreate(address.Trim(), new UriCreationOptions(), out var uri))
            return Wrong(address, "is no absolute address");
        using var deadline = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        try
        {
            return await FollowAsync(address, uri, either.Token);
        }
        catch (HttpRequestException broken) when (broken.InnerException is ForbiddenAddressException forbidden)
        {
            return Wrong(address, forbidden.IsEncrypted ? "leads to an address that is not public" : "must be an https address");
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            return Wrong(address, "cannot be fetched");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return Wrong(address, string.Create(CultureInfo.InvariantCulture, $"did not arrive within {Limit.TotalSeconds} s"));
        }
    }

    private async Task<Reading<FetchedImage>> FollowAsync(string address, Uri uri, CancellationToken cancel)
    {
        for (var hop = 0; hop <= MostRedirects; hop++)
        {
            if (uri.Scheme is not ("https" or "http"))
                return Wrong(address, "must be an https address");
            if (uri.UserInfo.Length > 0)
                return Wrong(address, "must not carry credentials");
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            request.Headers.TryAddWithoutValidation("Accept", "image/*");
            request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
            request.Headers.TryAddWithoutValidation("User-Agent", "milliways");
            using var response = await client.SendAsync(request, cancel);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308))
                return await ReadAsync(address, response, cancel);
#pragma warning disable RS0030 // A redirect is relative to the address it came from, and every browser resolves it so.
            if (response.Headers.Location is not { } location || !Uri.TryCreate(uri, location, out var next))
#pragma warning restore RS0030
                return Wrong(address, "is redirected to nowhere");
            uri = next;
        }
        return Wrong(address, string.Create(CultureInfo.InvariantCulture, $"is redirected more than {MostRedirects} times"));
    }

    private static async Task<Reading<FetchedImage>> ReadAsync(string address, HttpResponseMessage response, CancellationToken cancel)
    {
        if (!response.IsSuccessStatusCode)
            return Wrong(address, string.Create(CultureInfo.InvariantCulture, $"cannot be fetched: its server answered with status {(int)response.StatusCode}"));
        if (!ImageTypes.MayBe(response.Content.Headers.ContentType?.MediaType))
            return Wrong(address, "is no image");
        if (response.Content.Headers.ContentLength > MostBytes)
            return TooLarge(address);
        var body = new ArrayBufferWriter<byte>((int)(response.Content.Headers.ContentLength ?? 0) + 1024);
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        while (await stream.ReadAsync(body.GetMemory(1024), cancel) is var read and > 0)
        {
            body.Advance(read);
            if (body.WrittenCount > MostBytes)
                return TooLarge(address);
        }
        return ImageTypes.Of(body.WrittenSpan) is { } type
            ? new FetchedImage(type, Convert.ToBase64String(body.WrittenSpan))
            : Wrong(address, "is no image of a known type (png, jpeg, gif, webp, heic, heif)");
    }

    private static Failure TooLarge(string address) =>
        Wrong(address, string.Create(CultureInfo.InvariantCulture, $"is larger than {MostBytes >> 20} MiB"));

    private static Failure Wrong(string address, string what) =>
        Failure.Invalid($"the image at {Shown(address)} {what}; send another address or the image itself.") with
        {
            Stage = "image",
            Code = "invalid_image_url",
        };

    private static string Shown(string address) => address.Length <= 200 ? address : string.Concat(address.AsSpan(0, 200), "...");
}
