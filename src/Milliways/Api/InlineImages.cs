using System.Globalization;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Exchanges.Attempts;
using Milliways.Upstreams.Images;

namespace Milliways.Api;

/// <summary>Images by address become images, for an upstream that does not fetch them. Fetched once for all attempts, and given up when the caller leaves.</summary>
internal static class InlineImages
{
    private const int MostImages = 16;

    public static async Task<Failure?> FetchAsync(Exchange exchange, ChatRequest request, ImageFetcher fetcher, CancellationToken cancel)
    {
        var places = request.Messages.SelectMany(message => Addresses(message.Parts)).DistinctBy(image => image.Url, StringComparer.Ordinal).ToList();
        var addresses = places.ConvertAll(image => image.Url!);
        if (addresses.Count == 0)
            return null;
        if (addresses.Count > MostImages)
            return Failure.Invalid(string.Create(CultureInfo.InvariantCulture,
                $"messages: at most {MostImages} images by address are fetched for one request; send the images themselves."), "messages");
        exchange.Await(Waiting.Nothing);
        try
        {
            var fetched = await Task.WhenAll(addresses.Select(address => fetcher.FetchAsync(address, cancel)));
            if (Array.FindIndex(fetched, image => !image.IsOk) is >= 0 and var first)
                return fetched[first].Failure! with { Message = places[first].Wrong(fetched[first].Failure!.Message).Message, Param = places[first].Place ?? "messages" };
            if (exchange.Budget.Reserve(exchange, fetched.Sum(image => (long)image.Value!.Data.Length)) is { } full)
                return full;
            var images = addresses.Zip(fetched).ToDictionary(pair => pair.First, pair => pair.Second.Value!, StringComparer.Ordinal);
            exchange.Chat = request with { Messages = [.. request.Messages.Select(message => message with { Parts = Inlined(message.Parts, images) })] };
            return null;
        }
        catch (OperationCanceledException)
        {
            return exchange.Stopped ?? AttemptLoop.ClientGone;
        }
    }

    private static IEnumerable<ChatPart.Image> Addresses(IEnumerable<ChatPart> parts) => parts.SelectMany(part => part switch
    {
        ChatPart.Image { Data: null, Url: { } url } image when !IsData(url) => [image],
        ChatPart.ToolResult result => Addresses(result.Content),
        _ => [],
    });

    private static List<ChatPart> Inlined(IReadOnlyList<ChatPart> parts, Dictionary<string, FetchedImage> images) => [.. parts.Select(part => part switch
    {
        ChatPart.Image { Data: null, Url: { } url } image when images.TryGetValue(url, out var fetched) => image with { Url = null, MediaType = fetched.MediaType, Data = fetched.Data },
        ChatPart.ToolResult result => result with { Content = Inlined(result.Content, images) },
        _ => part,
    })];

    private static bool IsData(string url) => url.AsSpan().TrimStart().StartsWith("data:", StringComparison.OrdinalIgnoreCase);
}
