using Milliways.Dialects.Chat;
using Milliways.Exchanges.Attempts;

namespace Milliways.Exchanges;

/// <summary>Reads a body into one piece, within a bound for one body and a budget for all (<see cref="BodyBudget"/>), and shows it to the log, whoever has it read.</summary>
internal static class RequestBody
{
    /// <summary>The most bytes of one body (contract, "HTTP bounds").</summary>
    public const int MostBytes = 32 << 20;

    /// <summary>Up to here a body is handled on the socket's own thread.</summary>
    public const int LightBytes = 64 << 10;

    public static async ValueTask<Failure?> ReadAsync(Exchange exchange)
    {
        var request = exchange.Http.Request;
        if (!IsJson(request.ContentType))
            return new Failure(FailureKind.UnsupportedMediaType, FailureParty.Client, "body", "Expected request with `Content-Type: application/json`.");
        if (request.Headers.ContentEncoding.Count > 0 && request.Headers.ContentEncoding != "identity")
            return new Failure(FailureKind.UnsupportedMediaType, FailureParty.Client, "body", "Compressed request bodies are not accepted: leave Content-Encoding away.");
        if (request.ContentLength > MostBytes)
            return TooLarge();

        var expected = (int)(request.ContentLength ?? 0);
        return exchange.Budget.Reserve(exchange, expected) ?? await ReadAsync(exchange, request, expected);
    }

    /// <summary>Drops the body and gives its share of the budget back.</summary>
    public static void Release(Exchange exchange)
    {
        exchange.Budget.Release(exchange);
        (exchange.Body, exchange.Whole, exchange.Chat) = (default, default, null);
        foreach (var step in exchange.Steps ?? [])
            (step.Body, step.Chat) = (default, null);
    }

    private static async ValueTask<Failure?> ReadAsync(Exchange exchange, HttpRequest request, int expected)
    {
        // Not pooled: a cancelled send may still read from it, and the next tenant's body must not be what it finds.
        var buffer = GC.AllocateUninitializedArray<byte>(expected > 0 ? expected : 1024);
        var length = 0;
        try
        {
            while (true)
            {
                var result = await request.BodyReader.ReadAsync(exchange.Http.RequestAborted);
                foreach (var segment in result.Buffer)
                {
                    if (length + segment.Length > MostBytes)
                        return TooLarge();
                    if (length + segment.Length > buffer.Length)
                    {
                        var size = Math.Max(length + segment.Length, buffer.Length * 2);
                        if (exchange.Budget.Reserve(exchange, size - exchange.HeldBytes) is { } full)
                            return full;
                        buffer = Grow(buffer, length, size);
                    }
                    segment.CopyTo(buffer.AsMemory(length));
                    length += segment.Length;
                }
                request.BodyReader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    break;
            }
            exchange.Body = buffer.AsMemory(0, length);
            exchange.Log?.Received(exchange.Body.Span, isLast: true);
            return null;
        }
        catch (BadHttpRequestException bad)
        {
            return bad.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? TooLarge()
                : new Failure(FailureKind.InvalidRequest, FailureParty.Client, "body", "The request body did not arrive whole.");
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            return AttemptLoop.ClientGone;
        }
    }

    private static byte[] Grow(byte[] buffer, int length, int size)
    {
        var larger = GC.AllocateUninitializedArray<byte>(size);
        buffer.AsSpan(0, length).CopyTo(larger);
        return larger;
    }

    private static Failure TooLarge() =>
        new(FailureKind.PayloadTooLarge, FailureParty.Client, "body", "The request body is larger than 32 MiB: send less.");

    private static bool IsJson(string? contentType)
    {
        if (contentType is null)
            return false;
        var type = contentType.AsSpan();
        var parameters = type.IndexOf(';');
        type = (parameters < 0 ? type : type[..parameters]).Trim();
        return type.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || (type.StartsWith("application/", StringComparison.OrdinalIgnoreCase) && type.EndsWith("+json", StringComparison.OrdinalIgnoreCase));
    }
}
