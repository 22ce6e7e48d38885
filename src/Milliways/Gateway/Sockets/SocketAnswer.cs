using System.Buffers;
using System.IO.Pipelines;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Sse;
using Milliways.Exchanges;

namespace Milliways.Gateway.Sockets;

/// <summary>Makes messages of one answer: one for a whole answer, one for each event of a stream between its beginning and its end (cloudflare 1.9).</summary>
internal sealed class SocketAnswer(SocketContext context, Func<ArrayBufferWriter<byte>, Task> send)
{
    private readonly SseReader _frames = new();

    public async Task RunAsync()
    {
        var reader = context.Answer;
        Exception? failed = null;
        try
        {
            // Nothing of the head is looked at before the first bytes are there, or the end is.
            var read = await reader.ReadAsync();
            reader.AdvanceTo(read.Buffer.Start);
            var facts = Facts();
            if (facts.Status is >= 200 and < 300 && facts.ContentType.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase))
                await SendStreamAsync(reader, facts);
            else
                await SendWholeAsync(reader, facts);
        }
        catch (Exception gone)
        {
            failed = gone;
            context.Cancel();
            throw;
        }
        finally
        {
            await reader.CompleteAsync(failed);
        }
    }

    private async Task SendWholeAsync(PipeReader reader, SocketFacts facts)
    {
        ReadResult read;
        while (!(read = await reader.ReadAsync()).IsCompleted)
        {
            if (read.Buffer.Length > SocketBounds.MostAnswerBytes)
            {
                context.Cancel();
                await send(SocketMessages.Error(facts with { ContentType = "application/json", Status = StatusCodes.Status502BadGateway },
                    Broken($"The answer has more than {SocketBounds.MostAnswerBytes >> 20} MiB, which no message of a socket may have: send the request by POST.")));
                return;
            }
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
        if (context.IsGone)
            return; // the client left, and so did the walk
        var body = read.Buffer.ToArray();
        await send(context.IsTorn ? SocketMessages.Error(facts with { ContentType = "application/json", Status = StatusCodes.Status502BadGateway }, Broken("The answer broke."))
            : facts.Status is >= 200 and < 300 ? SocketMessages.Created(facts, body)
            : SocketMessages.Error(facts, body));
    }

    private async Task SendStreamAsync(PipeReader reader, SocketFacts facts)
    {
        await send(SocketMessages.Begun(facts));
        var ready = new List<ArrayBufferWriter<byte>>();
        while (true)
        {
            var read = await reader.ReadAsync();
            var bytes = read.Buffer.IsSingleSegment ? read.Buffer.First : read.Buffer.ToArray();
            var consumed = Frames(bytes.Span, read.IsCompleted, facts, ready);
            foreach (var message in ready)
                await send(message);
            ready.Clear();
            reader.AdvanceTo(read.Buffer.GetPosition(consumed), read.Buffer.End);
            if (read.IsCompleted)
                break;
        }
        if (!context.IsGone)
            await send(context.IsTorn || _frames.Failure is not null
                ? SocketMessages.Error(facts with { ContentType = "application/json", Status = StatusCodes.Status502BadGateway }, Broken("The answer broke after it had begun."))
                : SocketMessages.Done(facts));
    }

    private int Frames(ReadOnlySpan<byte> bytes, bool isEnd, SocketFacts facts, List<ArrayBufferWriter<byte>> ready)
    {
        var consumed = 0;
        while (_frames.TryReadFrame(bytes[consumed..], out var frame))
        {
            consumed += frame.Length;
            Add(frame, facts, ready);
        }
        if (!isEnd)
            return consumed;
        if (_frames.TryReadLast(bytes[consumed..], out var last))
            Add(last, facts, ready);
        return bytes.Length;
    }

    /// <summary>The mark of a Chat stream's end is no chunk: <c>universal.done</c> says the same.</summary>
    private static void Add(in SseFrame frame, SocketFacts facts, List<ArrayBufferWriter<byte>> ready)
    {
        if (frame.HasData && !frame.IsDone)
            ready.Add(SocketMessages.Piece(facts.EventId, frame.Data));
    }

    private static byte[] Broken(string why) =>
        FailureAnswer.Body(GatewayErrors.Plain, Failure.Broken("stream", why), "");

    private SocketFacts Facts()
    {
        var (response, headers) = (context.Http.Response, context.Http.Response.Headers);
        var logId = headers.TryGetValue(GatewayIds.LogId, out var id) ? id.ToString() : null;
        return new SocketFacts(headers[GatewayIds.EventId].ToString(), logId, headers[GatewayIds.Step].ToString(), response.ContentType ?? "", response.StatusCode)
        {
            CacheStatus = headers.TryGetValue(GatewayIds.CacheStatus, out var cache) ? cache.ToString() : null,
        };
    }
}
