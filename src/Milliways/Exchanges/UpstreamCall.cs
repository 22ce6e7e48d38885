using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Milliways.Dialects.Chat;
using Milliways.Engines;
using Milliways.Exchanges.Redaction;
using Milliways.Upstreams;
using Milliways.Upstreams.Connections;
using Milliways.Upstreams.Tenants;

namespace Milliways.Exchanges;

/// <summary>One HTTP call to an upstream: its head, then its bytes, contiguous until they are consumed.</summary>
internal sealed class UpstreamCall : IAsyncDisposable
{
    private const int FirstBuffer = 8 * 1024;
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly MediaTypeHeaderValue Grpc = new("application/grpc");

    private readonly HttpResponseMessage _response;
    private Stream? _stream;
    private byte[] _buffer = [];
    private int _start;
    private int _end;

    private UpstreamCall(HttpResponseMessage response)
    {
        _response = response;
        (response.RequestMessage?.Content as BodyContent)?.LetGo();
    }

    public int Status => (int)_response.StatusCode;

    /// <summary>The media type without parameters, or an empty text.</summary>
    public string ContentType
    {
        get
        {
            if (!_response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var values))
                return "";
            var type = HeaderText.OfBytes(values.ToString());
            var parameters = type.IndexOf(';', StringComparison.Ordinal);
            return (parameters < 0 ? type : type[..parameters]).Trim();
        }
    }

    public ReadOnlySpan<byte> Unread => _buffer.AsSpan(_start, _end - _start);

    /// <summary>A header of the answer's content, such as Content-Disposition.</summary>
    public string? ContentHeader(string name) => _response.Content.Headers.NonValidated.TryGetValues(name, out var values) ? HeaderText.OfBytes(values.ToString()) : null;

    /// <summary>The whole head of the answer, as it came, but for bytes that no header can carry (<see cref="HeaderText.OfBytes"/>).</summary>
    public IEnumerable<(string Name, string Value)> Head()
    {
        foreach (var (name, values) in _response.Headers.NonValidated)
            yield return (name, HeaderText.OfBytes(values.ToString()));
        foreach (var (name, values) in _response.Content.Headers.NonValidated)
            yield return (name, HeaderText.OfBytes(values.ToString()));
    }

    public string? Header(string name) => _response.Headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    /// <summary>What stands behind the body, once that has ended.</summary>
    public string? Trailer(string name) => _response.TrailingHeaders.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    /// <summary>Sends the body in one piece and waits for the head of the answer.</summary>
    /// <exception cref="HttpRequestException">The upstream could not be reached or broke before its head was whole.</exception>
    public static async Task<UpstreamCall> SendAsync(Upstream upstream, Uri address, PreparedCall call, Exchange exchange, CancellationToken cancel, bool isAgain = false)
    {
        using var request = Request(upstream, address, call, exchange, isAgain);
        exchange.Secrets.AddQuery(address.Query);
        exchange.HasAsked = true;
        try
        {
            return new UpstreamCall(await upstream.Client.SendAsync(request, cancel));
        }
        catch (HttpRequestException late) when (PendingConnection.Of(request) is { IsLate: true } pending && late.InnerException is not ConnectException)
        {
            throw Connector.Late(pending, late);
        }
        catch (HttpRequestException stale) when (stale.InnerException is UnansweredException && call.Content is null && !isAgain && !cancel.IsCancellationRequested)
        {
            // The server closed an idle connection in the moment it was used again: no byte of an answer came (design, "Upstream connections").
            return await SendAsync(upstream, address, call, exchange, cancel, isAgain: true);
        }
    }

    private static UpstreamRequest Request(Upstream upstream, Uri address, PreparedCall call, Exchange exchange, bool isAgain)
    {
        var request = Unsigned(upstream, address, call, exchange, isAgain);
        if (call.Signer is { } signer)
        {
            signer.Sign(request, call.Body.Span);
            foreach (var (name, values) in request.Headers.NonValidated)
                foreach (var value in values)
                    Note(exchange, name, value);
        }
        return request;
    }

    private static UpstreamRequest Unsigned(Upstream upstream, Uri address, PreparedCall call, Exchange exchange, bool isAgain)
    {
        var request = new UpstreamRequest(call.Method, address) { WantsNewConnection = isAgain, Content = call.Content ?? (call.Method == HttpMethod.Post ? new BodyContent(call.Body) : null) };
        if (request.Content is BodyContent && !call.IsRaw)
            request.Content.Headers.ContentType = upstream.IsGrpc ? Grpc : Json;
        if (upstream.Http2 && !call.IsUpgrade)
            (request.Version, request.VersionPolicy) = (HttpVersion.Version20, upstream.IsTls && !upstream.IsGrpc ? HttpVersionPolicy.RequestVersionOrLower : HttpVersionPolicy.RequestVersionExact);
        var headers = request.Headers;
        if (upstream.IsGrpc)
            headers.TryAddWithoutValidation("TE", "trailers");
        headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        if (call.IsRaw)
        {
            AddAll(request, call.Headers, exchange);
            return request;
        }
        headers.TryAddWithoutValidation("User-Agent", "milliways");
        if (call.Key is { } own)
        {
            if (own.Header.Length > 0)
                AddCredential(headers, own.Header, own.Value, exchange);
        }
        else if (upstream.ApiKey is not null)
        {
            var (name, value) = upstream.Credential;
            AddCredential(headers, name, value, exchange);
        }
        Add(headers, call.Headers, exchange);
        if (call.Key is null)
            Add(headers, upstream.Headers, exchange);
        if (upstream.IsEngine)
        {
            headers.TryAddWithoutValidation("x-request-id", exchange.RequestId);
            headers.TryAddWithoutValidation(EngineHeaders.Fairness, exchange.Key!.Id.ToString("N"));
        }
        return request;
    }

    /// <summary>Whatever credential leaves in a head is the exchange's to keep out of logs, whoever has put it there.</summary>
    private static void Note(Exchange exchange, string name, string value)
    {
        if (SecretNames.IsHeader(name))
            exchange.Secrets.AddHeader(name, value);
    }

    private static void AddCredential(HttpRequestHeaders headers, string name, string value, Exchange exchange)
    {
        headers.TryAddWithoutValidation(name, value);
        exchange.Secrets.AddHeader(name, value);
    }

    /// <summary>A head as its caller wrote it: what the platform counts among the content's headers goes there.</summary>
    private static void AddAll(HttpRequestMessage request, IReadOnlyList<(string Name, string Value)> head, Exchange exchange)
    {
        foreach (var (name, value) in head)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value) && request.Content is { } content && !content.Headers.NonValidated.Contains(name))
                content.Headers.TryAddWithoutValidation(name, value);
            Note(exchange, name, value);
        }
    }

    private static void Add(HttpRequestHeaders headers, IReadOnlyList<(string Name, string Value)> more, Exchange exchange)
    {
        for (var i = 0; i < more.Count; i++)
        {
            headers.TryAddWithoutValidation(more[i].Name, more[i].Value);
            Note(exchange, more[i].Name, more[i].Value);
        }
    }

    /// <summary>The connection itself, both ways, behind an answer that has switched it (101).</summary>
    public Task<Stream> UpgradedAsync(CancellationToken cancel) => _response.Content.ReadAsStreamAsync(cancel);

    /// <summary>Reads more; false at the proper end of the body.</summary>
    /// <exception cref="IOException">The connection broke before the body was whole (as <see cref="HttpRequestException"/> and its kin too).</exception>
    /// <param name="cancel">Ends it.</param>
    /// <param name="most">Bytes to take at most.</param>
    public async ValueTask<bool> ReadAsync(CancellationToken cancel, int most = int.MaxValue)
    {
        try
        {
            return Took(await ReceiveAsync(cancel, most));
        }
        catch (InvalidDataException corrupt)
        {
            throw new IOException("The upstream's compressed body is corrupt.", corrupt);
        }
    }

    /// <summary>What <see cref="ReadAsync"/> does, without a state of its own, for those who wait once for each chunk of a stream: what comes is for <see cref="Took"/>.</summary>
    /// <exception cref="IOException">As <see cref="ReadAsync"/>; and an <see cref="InvalidDataException"/> where the body's coding is corrupt.</exception>
    /// <param name="cancel">Ends it.</param>
    /// <param name="most">Bytes to take at most.</param>
    public ValueTask<int> ReceiveAsync(CancellationToken cancel, int most = int.MaxValue)
    {
        _stream ??= Open(cancel);
        MakeRoom();
        return _stream.ReadAsync(_buffer.AsMemory(_end, Math.Min(most, _buffer.Length - _end)), cancel);
    }

    /// <summary>So many bytes have come; false: none, which is the proper end of the body.</summary>
    public bool Took(int read)
    {
        _end += read;
        return read > 0;
    }

    /// <summary>The body as it was meant, whatever coding the upstream put around it.</summary>
    private Stream Open(CancellationToken cancel)
    {
        var stream = _response.Content.ReadAsStream(cancel); // the connection's own stream: nothing is read for it, and so nothing is waited for
        return _response.Content.Headers.NonValidated.TryGetValues("Content-Encoding", out var coding) ? ContentDecoding.Decode(stream, coding.ToString()) : stream;
    }

    /// <summary>Reads the whole body, at most <paramref name="most"/> bytes; false when it is longer.</summary>
    public async ValueTask<bool> ReadAllAsync(int most, Exchange exchange, CancellationToken cancel)
    {
        while (await ReadAsync(cancel))
        {
            exchange.Await(Waiting.NextEvent);
            if (_end - _start > most)
                return false;
        }
        return true;
    }

    public void Advance(int consumed)
    {
        _start += consumed;
        if (_start == _end)
            _start = _end = 0;
    }

    public ValueTask DisposeAsync()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = _end = 0;
        _response.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>What an exception of the transport means, without its internal text.</summary>
    public static Failure Describe(Exception broken, Upstream upstream, string stage) => ConnectException.Of(broken) switch
    {
        _ when (broken.InnerException ?? broken) is ForbiddenAddressException forbidden => Failure.Broken("connect", $"The address of {upstream.Name} {forbidden.Reason}."),
        { IsTimeout: true } late => new Failure(FailureKind.Timeout, FailureParty.Upstream, StageOf(late), string.Create(CultureInfo.InvariantCulture,
            $"The upstream {upstream.Name} cannot be reached: {late.Reason} ({upstream.Timeouts.Connect.TotalSeconds:0.###} s).")),
        { } none => Failure.Broken(StageOf(none), $"The upstream {upstream.Name} cannot be reached: {none.Reason}."),
        null when broken is ContentDecodingException => Failure.Broken(stage, $"The upstream {upstream.Name} {broken.Message}."),
        null when upstream.IsEngine => Failure.Broken(stage, "The embedded engine stopped while it answered; it is starting again: send the request again."),
        null => Failure.Broken(stage, $"The upstream {upstream.Name} broke the connection."),
    };

    private static string StageOf(ConnectException failure) => failure.Stage switch
    {
        ConnectStage.Dns => "dns",
        ConnectStage.Tls => "tls",
        _ => "connect",
    };

    private void MakeRoom()
    {
        if (_buffer.Length == 0)
            _buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
        else if (_end == _buffer.Length)
        {
            if (_start > _buffer.Length / 2)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            }
            else
            {
                var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
                _buffer.AsSpan(_start, _end - _start).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = larger;
            }
            (_start, _end) = (0, _end - _start);
        }
    }
}
