using Microsoft.AspNetCore.Connections.Features;

namespace Milliways.Keys;

/// <summary>
/// What a connection was found to be: the same string object in a header is the same key as long as no key has changed since. Saves the digest for callers
/// that keep their connection. Any change of any key makes every memo worthless at once.
/// </summary>
internal sealed class KeyMemo
{
    private static readonly object Place = new();

    private readonly string _header;
    private readonly int _version;
    private readonly ApiKey _key;

    private KeyMemo(string header, int version, ApiKey key) => (_header, _version, _key) = (header, version, key);

    /// <summary>The key that this connection had with the same string, or null.</summary>
    public static ApiKey? Recall(IDictionary<object, object?>? connection, string header, int version) =>
        connection is not null && connection.TryGetValue(Place, out var found) && found is KeyMemo memo && ReferenceEquals(memo._header, header) && memo._version == version
            ? memo._key
            : null;

    public static void Keep(IDictionary<object, object?>? connection, string header, int version, ApiKey key)
    {
        if (connection is not null)
            connection[Place] = new KeyMemo(header, version, key);
    }

    /// <summary>The connection's own place; null where several requests may use it at one time.</summary>
    public static IDictionary<object, object?>? PlaceOf(HttpContext http) =>
        HttpProtocol.IsHttp11(http.Request.Protocol) ? http.Features.Get<IConnectionItemsFeature>()?.Items : null;
}
