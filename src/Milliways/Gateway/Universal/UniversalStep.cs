using System.Globalization;
using Milliways.Gateway.Calls;

namespace Milliways.Gateway.Universal;

/// <summary>One step of a universal request as it was written (cloudflare 1.8).</summary>
/// <param name="Provider">A slug, <c>compat</c> or <c>custom-{slug}</c>.</param>
/// <param name="Endpoint">The path behind the slug, without its first slash and its query.</param>
/// <param name="Query">The endpoint's, from its question mark; empty: none.</param>
/// <param name="Head">Headers for the provider and the gateway.</param>
/// <param name="Body">What is posted, byte for byte.</param>
/// <param name="Config">Null: the step has none.</param>
internal sealed record UniversalStep(string Provider, string Endpoint, string Query, HeaderDictionary Head, ReadOnlyMemory<byte> Body, StepConfig? Config)
{
    /// <summary>Its headers for the gateway; where they say nothing its <c>config</c> does.</summary>
    public GatewayHeaders Gateway()
    {
        var headers = GatewayHeaders.Read(Head);
        return Config is null ? headers : headers with
        {
            RequestTimeout = headers.RequestTimeout ?? Config.RequestTimeout,
            MaxAttempts = headers.MaxAttempts ?? Config.MaxAttempts,
            RetryDelay = headers.RetryDelay ?? Config.RetryDelay,
            Backoff = headers.Backoff ?? Config.Backoff,
        };
    }

    /// <summary>The step as a call of its own, under what its request says.</summary>
    public GatewayCall Call(GatewayCall request, int index) => request with
    {
        Method = "POST",
        Rest = $"{Provider}/{Endpoint}",
        Query = Query,
        Headers = request.Headers.Under(Gateway()),
        Credentials = CallerCredentials.Read(Head, Query) with { Token = request.Credentials.Token },
        Head = Head,
        Body = Body,
        Step = index,
    };

    public static string Name(int? index, string field) => index is { } place ? string.Create(CultureInfo.InvariantCulture, $"[{place}].{field}") : field;
}

/// <summary>The <c>config</c> of a step; null: it says nothing.</summary>
/// <param name="RequestTimeout">Milliseconds.</param>
/// <param name="MaxAttempts">1 to 5.</param>
/// <param name="RetryDelay">Milliseconds, at most 60000.</param>
/// <param name="Backoff">How the delay grows.</param>
internal sealed record StepConfig(int? RequestTimeout, int? MaxAttempts, int? RetryDelay, Settings.Backoff? Backoff);
