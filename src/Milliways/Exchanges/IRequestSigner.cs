namespace Milliways.Exchanges;

/// <summary>Puts a credential on a request that depends on all of it: its address, its head and its body.</summary>
internal interface IRequestSigner
{
    /// <summary>Called last, each time the request is sent.</summary>
    void Sign(HttpRequestMessage request, ReadOnlySpan<byte> body);
}
