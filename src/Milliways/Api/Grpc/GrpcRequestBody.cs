using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc;
using Milliways.Exchanges.Attempts;

namespace Milliways.Api.Grpc;

/// <summary>
/// The one message of a request, across any number of reads, within a bound. It is complete when the caller has ended its side: what stands behind the
/// message is told, not passed over.
/// </summary>
internal static class GrpcRequestBody
{
    /// <summary>Space is taken as bytes come, so that a head that promises much does not hold much.</summary>
    private const int FirstBytes = 64 << 10;

    /// <param name="http">Of the call.</param>
    /// <param name="most">The most bytes of the message, before and after decompression.</param>
    /// <param name="reserve">Asked before memory is taken; a failure of it ends the reading.</param>
    /// <param name="waits">Told before more of it is waited for.</param>
    /// <param name="cancel">Ends it when the call does.</param>
    public static async ValueTask<Reading<GrpcMessage>> ReadAsync(HttpContext http, int most, Func<long, Failure?> reserve, Action waits, CancellationToken cancel)
    {
        try
        {
            return await ReadAsync(http.Request, most, reserve, waits, cancel);
        }
        catch (BadHttpRequestException)
        {
            return Failure.Invalid("The request's message did not arrive whole.");
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            return AttemptLoop.ClientGone;
        }
    }

    private static async ValueTask<Reading<GrpcMessage>> ReadAsync(HttpRequest request, int most, Func<long, Failure?> reserve, Action waits, CancellationToken cancel)
    {
        var pipe = request.BodyReader;
        var head = await ReadHeadAsync(pipe, waits, cancel);
        if (head.Failure is not null)
            return head.Failure;
        var (length, isCompressed) = (head.Length, head.IsCompressed);
        if (length > most)
            return TooLarge(most);
        if (isCompressed && Encoding(request) is { } unknown)
            return unknown;
        var size = (int)Math.Min(length, FirstBytes);
        if (reserve(size) is { } full)
            return full;
        // Not pooled: a cancelled send may still read from it, and the next tenant's message must not be what it finds.
        var buffer = GC.AllocateUninitializedArray<byte>(size);
        var have = 0;
        while (true)
        {
            waits();
            var read = await pipe.ReadAsync(cancel);
            if (read.Buffer.Length > length - have)
                return Failure.Invalid("Something stands behind the request's message: this method takes one message, whose length its head gives.");
            foreach (var segment in read.Buffer)
            {
                if (have + segment.Length > buffer.Length)
                {
                    var larger = (int)Math.Min(length, Math.Max((long)buffer.Length * 2, have + segment.Length));
                    if (reserve(larger - buffer.Length) is { } none)
                        return none;
                    Array.Resize(ref buffer, larger);
                }
                segment.Span.CopyTo(buffer.AsSpan(have));
                have += segment.Length;
            }
            pipe.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                break;
        }
        if (have < length)
            return Failure.Invalid(string.Create(CultureInfo.InvariantCulture, $"The request's message is cut off: its head says {length} bytes, and {have} came."));
        return isCompressed ? Decompress(buffer, most, reserve) : new GrpcMessage(buffer);
    }

    private static async ValueTask<(long Length, bool IsCompressed, Failure? Failure)> ReadHeadAsync(PipeReader pipe, Action waits, CancellationToken cancel)
    {
        while (true)
        {
            waits();
            var read = await pipe.ReadAsync(cancel);
            if (read.Buffer.Length >= GrpcFrame.HeadLength)
            {
                var head = new byte[GrpcFrame.HeadLength];
                read.Buffer.Slice(0, GrpcFrame.HeadLength).CopyTo(head);
                pipe.AdvanceTo(read.Buffer.GetPosition(GrpcFrame.HeadLength));
                return head[0] > 1
                    ? (0, false, Failure.Invalid(string.Create(CultureInfo.InvariantCulture, $"The first byte of the request's message is {head[0]}: it must be 0, or 1 for a compressed message.")))
                    : (BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(1)), head[0] == 1, null);
            }
            var came = read.Buffer.Length;
            pipe.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
                return (0, false, Failure.Invalid(came == 0 ? "The request has no message: send one, which may be empty." : "The head of the request's message is cut off: it has five bytes."));
        }
    }

    /// <summary>Null when it is one we know.</summary>
    private static Failure? Encoding(HttpRequest request)
    {
        var encoding = request.Headers[GrpcProtocol.Encoding].ToString();
        if (encoding == GrpcProtocol.Gzip)
            return null;
        if (encoding.Length is 0 || encoding == GrpcProtocol.Identity)
            return Failure.Invalid("The message says that it is compressed, and grpc-encoding does not say how: set grpc-encoding to gzip.");
        // What a client needs to do it right the next time (gRPC, "Compression").
        request.HttpContext.Response.Headers[GrpcProtocol.AcceptEncoding] = GrpcProtocol.Encodings;
        return new Failure(FailureKind.NotOffered, FailureParty.Client, "body", "The grpc-encoding of this message is not known here: use identity or gzip.");
    }

    private static Reading<GrpcMessage> Decompress(byte[] compressed, int most, Func<long, Failure?> reserve)
    {
        try
        {
            using var gzip = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
            var (buffer, have) = (Array.Empty<byte>(), 0);
            while (true)
            {
                if (have == buffer.Length)
                {
                    var larger = (int)Math.Min((long)most + 1, Math.Max(FirstBytes, (long)have * 2));
                    if (reserve(larger - have) is { } full)
                        return full;
                    Array.Resize(ref buffer, larger);
                }
                var read = gzip.Read(buffer, have, buffer.Length - have);
                if (read == 0)
                    return new GrpcMessage(buffer.AsMemory(0, have));
                have += read;
                if (have > most)
                    return TooLarge(most);
            }
        }
        catch (InvalidDataException)
        {
            return Failure.Invalid("The request's message is not what grpc-encoding says: it cannot be decompressed as gzip.");
        }
    }

    private static Failure TooLarge(int most) => new(FailureKind.PayloadTooLarge, FailureParty.Client, "body",
        string.Create(CultureInfo.InvariantCulture, $"The request's message is larger than {most} bytes, the most that is taken (grpc.maxMessageBytes): send less."));
}

/// <summary>A message without its head.</summary>
internal sealed record GrpcMessage(ReadOnlyMemory<byte> Bytes);
