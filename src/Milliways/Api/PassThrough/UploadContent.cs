using System.IO.Pipelines;
using System.Net;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Exchanges.Attempts;

namespace Milliways.Api.PassThrough;

/// <summary>
/// A multipart upload on its way from the caller's socket to the upstream's: never held as a whole, and no longer than 512 MiB (xai-api 1.13). It can be
/// sent once, so a broken upstream is no reason to try again.
/// </summary>
internal sealed class UploadContent : HttpContent
{
    /// <summary>The largest upload in bytes, its multipart frame included.</summary>
    public const long MostBytes = 512L << 20;

    private readonly Exchange _exchange;
    private readonly long _most;

    public UploadContent(Exchange exchange, long most = MostBytes)
    {
        (_exchange, _most) = (exchange, most);
        Headers.TryAddWithoutValidation("Content-Type", exchange.Http.Request.ContentType);
    }

    public static Failure? Check(HttpRequest request)
    {
        if (request.ContentType?.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase) != true)
            return new Failure(FailureKind.UnsupportedMediaType, FailureParty.Client, "body", "A file is uploaded as multipart/form-data, with a part named `file`.");
        return request.ContentLength > MostBytes ? TooLarge : null;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var reader = _exchange.Http.Request.BodyReader;
        var sent = 0L;
        while (true)
        {
            var read = await ReadAsync(reader, cancellationToken);
            sent += read.Buffer.Length;
            if (sent > _most)
            {
                _exchange.Stop(TooLarge);
                throw new IOException("The upload is too large.");
            }
            foreach (var segment in read.Buffer)
            {
                _exchange.Log?.Received(segment.Span, isLast: false);
                await stream.WriteAsync(segment, cancellationToken);
            }
            reader.AdvanceTo(read.Buffer.End);
            _exchange.Await(Waiting.FirstEvent); // the upstream is silent because the caller is still talking
            if (!read.IsCompleted)
                continue;
            _exchange.Log?.Received([], isLast: true);
            return;
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _exchange.Http.Request.ContentLength ?? 0;
        return _exchange.Http.Request.ContentLength is not null;
    }

    /// <summary>What is wrong on the caller's side is no trouble of the upstream's, which sees its request break off.</summary>
    private async ValueTask<ReadResult> ReadAsync(PipeReader reader, CancellationToken cancel)
    {
        try
        {
            return await reader.ReadAsync(cancel);
        }
        catch (BadHttpRequestException)
        {
            _exchange.Stop(new Failure(FailureKind.InvalidRequest, FailureParty.Client, "body", "The request body did not arrive whole."));
            throw;
        }
        catch (IOException)
        {
            _exchange.Stop(AttemptLoop.ClientGone);
            throw;
        }
    }

    private static Failure TooLarge => new(FailureKind.PayloadTooLarge, FailureParty.Client, "body", "The upload is larger than 512 MiB: send a smaller file.");
}
