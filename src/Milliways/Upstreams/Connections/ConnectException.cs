namespace Milliways.Upstreams.Connections;

/// <summary>Where a connection to an upstream was not made.</summary>
internal enum ConnectStage
{
    /// <summary>The host's name has no address.</summary>
    Dns,

    /// <summary>Nobody accepted the connection, neither the upstream nor its proxy.</summary>
    Connect,

    /// <summary>The handshake failed, or the certificate is not to be trusted.</summary>
    Tls,
}

/// <summary>No connection to an upstream. The reason is for clients: it names neither the host nor an address.</summary>
internal sealed class ConnectException(ConnectStage stage, string reason, Exception? inner = null, bool isTimeout = false) : HttpRequestException(reason, inner)
{
    public ConnectStage Stage => stage;

    public string Reason { get; } = reason;

    /// <summary>The time for connecting (configuration: <c>timeouts.connect</c>) was over.</summary>
    public bool IsTimeout => isTimeout;

    /// <summary>What the transport says of a connection that was not made, or null when one was and something else broke.</summary>
    public static ConnectException? Of(Exception broken) => broken switch
    {
        ConnectException itself => itself,
        { InnerException: ConnectException inner } => inner,
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => new(ConnectStage.Dns, "its host's name cannot be resolved", broken),
        HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } => new(ConnectStage.Connect, "its proxy refused to connect to it", broken),
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: CertificateException certificate } => new(ConnectStage.Tls, certificate.Message, broken),
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => new(ConnectStage.Tls, "the TLS handshake failed", broken),
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => new(ConnectStage.Connect, "nobody accepts connections at its address", broken),
        // The transport's own bound, behind ours: the handshake with an upstream behind a proxy.
        OperationCanceledException { InnerException: TimeoutException } => new(ConnectStage.Connect, "no connection was made in time", broken, isTimeout: true),
        _ => null,
    };
}
