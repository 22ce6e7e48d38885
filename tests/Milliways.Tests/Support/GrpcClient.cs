using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Tests.Support;

/// <summary>How a call ended, and everything that came of it.</summary>
internal sealed record GrpcResult<T>(StatusCode Code, string Detail, IReadOnlyList<T> Messages, Metadata Head, Metadata Trailers)
{
    public T Message => Messages[0];

    /// <summary>From the head, or from behind the messages.</summary>
    public string? Meta(string name) => Head.GetValue(name) ?? Trailers.GetValue(name);
}

/// <summary>A client of the gRPC port as .NET has one.</summary>
internal sealed class GrpcClient : IDisposable
{
    private readonly GrpcChannel _channel;
    private readonly string _key;

    public GrpcClient(TestServer server, string? key = null) : this(server.Grpc, key ?? server.Key)
    {
    }

    /// <param name="handler">Null: cleartext, and no proxy.</param>
    public GrpcClient(string address, string key, HttpMessageHandler? handler = null)
    {
        _key = key;
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = handler ?? new SocketsHttpHandler { UseProxy = false },
            DisposeHttpClient = true,
            MaxReceiveMessageSize = null,
            MaxSendMessageSize = null,
        });
    }

    public static GetCompletionsRequest Ask(string model = "alpha", string text = "Hello")
    {
        var request = new GetCompletionsRequest { Model = model, N = 1 };
        var message = new Message { Role = MessageRole.RoleUser };
        message.Content.Add(new Content { Text = text });
        request.Messages.Add(message);
        return request;
    }

    public Task<GrpcResult<GetChatCompletionResponse>> CompleteAsync(GetCompletionsRequest request, params (string Name, string Value)[] metadata) =>
        CallAsync<GetCompletionsRequest, GetChatCompletionResponse>("/xai_api.Chat/GetCompletion", request, metadata);

    public Task<GrpcResult<GetChatCompletionChunk>> StreamAsync(GetCompletionsRequest request, params (string Name, string Value)[] metadata) =>
        CallAsync<GetCompletionsRequest, GetChatCompletionChunk>("/xai_api.Chat/GetCompletionChunk", request, metadata, streams: true);

    /// <summary>Calls and reads to the end.</summary>
    /// <param name="metadata">An empty authorization sends none; <c>:deadline-ms</c> is the deadline.</param>
    /// <param name="came">Told of each message when it is there.</param>
    public async Task<GrpcResult<TResponse>> CallAsync<TRequest, TResponse>(string path, TRequest request, (string Name, string Value)[]? metadata = null, bool streams = false, Action? came = null)
        where TRequest : class, IMessage<TRequest>, new() where TResponse : class, IMessage<TResponse>, new()
    {
        using var call = Begin<TRequest, TResponse>(path, request, metadata);
        var messages = new List<TResponse>();
        try
        {
            var head = await call.ResponseHeadersAsync.Soon();
            while (await call.ResponseStream.MoveNext(CancellationToken.None).Soon())
            {
                messages.Add(call.ResponseStream.Current);
                came?.Invoke();
            }
            Assert.True(streams || messages.Count == 1, $"{messages.Count} messages came of a call that gives one.");
            return new GrpcResult<TResponse>(StatusCode.OK, "", messages, head, call.GetTrailers());
        }
        catch (RpcException failed)
        {
            var head = call.ResponseHeadersAsync.IsCompletedSuccessfully ? await call.ResponseHeadersAsync : [];
            return new GrpcResult<TResponse>(failed.StatusCode, failed.Status.Detail, messages, head, failed.Trailers);
        }
    }

    /// <summary>A call as it runs; a call with one answer looks the same on the wire as one with many.</summary>
    public AsyncServerStreamingCall<TResponse> Begin<TRequest, TResponse>(string path, TRequest request, (string Name, string Value)[]? metadata = null, CancellationToken cancel = default)
        where TRequest : class, IMessage<TRequest>, new() where TResponse : class, IMessage<TResponse>, new()
    {
        var parts = path.Split('/');
        var method = new Method<TRequest, TResponse>(MethodType.ServerStreaming, parts[1], parts[2], Marshaller<TRequest>(), Marshaller<TResponse>());
        var headers = new Metadata();
        if (metadata?.Any(one => one.Name == "authorization") != true)
            headers.Add("authorization", "Bearer " + _key);
        DateTime? deadline = null;
        foreach (var (name, value) in metadata ?? [])
            if (name == ":deadline-ms")
                deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(int.Parse(value, System.Globalization.CultureInfo.InvariantCulture));
            else if (value.Length > 0)
                headers.Add(name, value);
        return _channel.CreateCallInvoker().AsyncServerStreamingCall(method, null, new CallOptions(headers, deadline, cancel), request);
    }

    public CallInvoker Invoker => _channel.CreateCallInvoker();

    public void Dispose() => _channel.Dispose();

    private static Marshaller<T> Marshaller<T>() where T : class, IMessage<T>, new() =>
        Marshallers.Create(message => message.ToByteArray(), bytes => new MessageParser<T>(() => new T()).ParseFrom(bytes));
}
