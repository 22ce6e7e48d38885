using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Milliways.EndToEnd.Support;

/// <summary>One channel of the unmodified <c>@grpc/grpc-js</c> in a process of its own (clients/grpc.mjs), with our own protos.</summary>
internal sealed class GrpcJs : IAsyncDisposable
{
    private static readonly string Protos = Path.Combine(Repository.Root, "src", "Milliways.Dialects", "XaiGrpc", "Protos");

    private readonly Process _process;
    private readonly ConcurrentDictionary<string, GrpcJsCall> _calls = new();
    private readonly Output _wire = new();
    private readonly Output _errors = new();
    private readonly string _key;
    private int _last;

    private GrpcJs(Process process, string key)
    {
        (_process, _key) = (process, key);
        process.OutputDataReceived += (_, line) => On(line.Data);
        process.ErrorDataReceived += (_, line) => _errors.Add(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <param name="server">Asked at its gRPC address, with its key.</param>
    /// <param name="options">Of the channel, in the library's own names.</param>
    /// <param name="authority">The PEM of who signed the server's certificate; null: no TLS.</param>
    public static Task<GrpcJs> StartAsync(MilliwaysProcess server, JsonObject? options = null, string? authority = null) =>
        StartAsync(new Uri(server.Ready["grpc"]!.GetValue<string>()).Authority, server.Key, options, authority);

    public static async Task<GrpcJs> StartAsync(string address, string key, JsonObject? options = null, string? authority = null)
    {
        Assert.True(Directory.Exists(Path.Combine(Repository.Clients, "node_modules")), "The npm clients are not installed: run ./test, or npm ci in tests/EndToEnd/clients.");
        var client = new GrpcJs(new Process { StartInfo = Program.StartInfo("node", [Path.Combine(Repository.Clients, "grpc.mjs")]) }, key);
        await client.WriteAsync(new JsonObject { ["address"] = address, ["protos"] = Protos, ["ca"] = authority, ["options"] = options ?? [] });
        return client;
    }

    /// <summary>Begins a call.</summary>
    /// <param name="method">Such as <c>Chat/GetCompletion</c>.</param>
    /// <param name="key">Null: the server's own; empty: no key is sent.</param>
    public async Task<GrpcJsCall> BeginAsync(string method, JsonObject request, string? key = null, int? timeoutMs = null, params (string Name, string Value)[] metadata)
    {
        var call = new GrpcJsCall(this, Interlocked.Increment(ref _last).ToString(CultureInfo.InvariantCulture));
        _calls[call.Id] = call;
        var sent = new JsonObject();
        if (key != "")
            sent["authorization"] = $"Bearer {key ?? _key}";
        foreach (var (name, value) in metadata)
            sent[name] = value;
        await WriteAsync(new JsonObject { ["call"] = call.Id, ["method"] = method, ["request"] = request, ["metadata"] = sent, ["timeoutMs"] = timeoutMs });
        return call;
    }

    /// <summary>A call to its end, whatever that is.</summary>
    public async Task<GrpcJsCall> CallAsync(string method, JsonObject request, string? key = null, int? timeoutMs = null, params (string Name, string Value)[] metadata)
    {
        var call = await BeginAsync(method, request, key, timeoutMs, metadata);
        await call.EndAsync();
        return call;
    }

    /// <summary>Completes when the client has told such a fact of its connection: <c>"pings":3</c>, <c>"goaway":0</c>.</summary>
    public Task WireAsync(string fact) => _wire.LineAsync(fact).WaitAsync(Patience.Long);

    /// <summary>All that it has told.</summary>
    public string Wire => _wire.Text;

    internal Task CancelAsync(string id) => WriteAsync(new JsonObject { ["cancel"] = id });

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync().WaitAsync(Patience.Short);
        }
        _process.Dispose();
    }

    private async Task WriteAsync(JsonObject command)
    {
        await _process.StandardInput.WriteLineAsync(command.ToJsonString());
        await _process.StandardInput.FlushAsync();
    }

    private void On(string? line)
    {
        if (line is null)
        {
            foreach (var call in _calls.Values)
                call.Lost(_errors.Text);
            return;
        }
        var told = JsonNode.Parse(line)!;
        if (told["id"]?.GetValue<string>() is { } id)
            _calls[id].On(told);
        else
            _wire.Add(line);
    }
}

/// <summary>One call, as the client sees it.</summary>
internal sealed class GrpcJsCall(GrpcJs client, string id)
{
    private readonly Channel<JsonNode> _messages = Channel.CreateUnbounded<JsonNode>();
    private readonly TaskCompletionSource<GrpcJsEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<JsonNode> _head = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Id => id;

    /// <summary>Those that came, in order.</summary>
    public ConcurrentQueue<JsonNode> Messages { get; } = [];

    /// <summary>The one message of a call that had to go well.</summary>
    public JsonNode Message => Messages.TryPeek(out var message) ? message : throw new InvalidOperationException($"No message came: {_end.Task.Result}");

    /// <summary>All text of the answer's messages.</summary>
    public string Text => string.Concat(Messages.SelectMany(message => message["outputs"]?.AsArray() ?? []).Select(output => (output!["delta"] ?? output["message"])?["content"]?.GetValue<string>()));

    /// <summary>Metadata before the messages.</summary>
    public Task<JsonNode> HeadAsync() => _head.Task.WaitAsync(Patience.Long);

    /// <summary>The next message; the test fails when the call ends without one.</summary>
    public async Task<JsonNode> NextAsync()
    {
        using var patience = new CancellationTokenSource(Patience.Long);
        return await _messages.Reader.WaitToReadAsync(patience.Token) && _messages.Reader.TryRead(out var message) ? message : throw new InvalidOperationException($"The call ended: {await EndAsync()}");
    }

    public Task<GrpcJsEnd> EndAsync() => _end.Task.WaitAsync(Patience.Long);

    public Task CancelAsync() => client.CancelAsync(id);

    internal void On(JsonNode told)
    {
        if (told["head"] is { } head)
            _head.TrySetResult(head);
        else if (told["message"] is { } message)
        {
            Messages.Enqueue(message);
            _messages.Writer.TryWrite(message);
        }
        else if (told["end"] is { } end)
        {
            _messages.Writer.TryComplete();
            _end.TrySetResult(new GrpcJsEnd(end["code"]!.GetValue<string>(), end["details"]!.GetValue<string>(), end["trailers"]!.AsObject()));
        }
    }

    internal void Lost(string why)
    {
        _messages.Writer.TryComplete();
        _end.TrySetException(new InvalidOperationException($"The client's process ended: {why}"));
    }
}

/// <summary>How a call ended: the name of the status, its message, and the metadata behind the messages.</summary>
internal sealed record GrpcJsEnd(string Code, string Details, JsonObject Trailers)
{
    public string? Trailer(string name) => Trailers[name]?.GetValue<string>();
}
