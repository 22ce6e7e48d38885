using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using Milliways.Exchanges;

namespace Milliways.Logs;

/// <summary>Copies of one exchange's bodies, at most <see cref="MostBytes"/> of both together, and no more than the budget has: what is beyond is cut off and said so.</summary>
internal sealed class PayloadCapture(PayloadBudget budget) : IPayloadCapture, IDisposable
{
    /// <summary>The most bytes of one entry (cloudflare-ai-gateway 3.14).</summary>
    public const int MostBytes = 10 << 20;

    private readonly ArrayBufferWriter<byte> _request = new();
    private readonly ArrayBufferWriter<byte> _response = new();
    private int _held;
    private bool _isCut;

    public ReadOnlyMemory<byte> RequestBody => _request.WrittenMemory;

    public ReadOnlyMemory<byte> ResponseBody => _response.WrittenMemory;

    /// <summary>False as well when nobody has read the body to its end.</summary>
    public bool IsRequestComplete { get; private set; }

    public bool IsResponseComplete { get; private set; } = true;

    public void Request(ReadOnlySpan<byte> piece, bool isLast)
    {
        if (_isCut)
            return;
        var length = Take(piece.Length);
        _request.Write(piece[..length]);
        _isCut = length < piece.Length;
        IsRequestComplete = isLast && !_isCut;
    }

    public void Watch(HttpContext http)
    {
        if (http.Features.Get<IHttpResponseBodyFeature>() is { } body)
            http.Features.Set<IHttpResponseBodyFeature>(new CapturedBody(body, this));
    }

    public void Response(ReadOnlySpan<byte> bytes)
    {
        if (!IsResponseComplete)
            return; // a piece behind a gap would be taken for the next one
        var length = Take(bytes.Length);
        _response.Write(bytes[..length]);
        IsResponseComplete = length == bytes.Length;
    }

    public void Dispose()
    {
        budget.Return(_held);
        _held = 0;
    }

    private int Take(int wanted)
    {
        var taken = budget.Take(Math.Min(wanted, MostBytes - _held));
        _held += taken;
        return taken;
    }
}
