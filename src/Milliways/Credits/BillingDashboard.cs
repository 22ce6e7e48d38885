using System.Text.Json.Serialization;
using Milliways.Api;
using Milliways.Keys;

namespace Milliways.Credits;

/// <summary>
/// OpenAI's old billing paths, which Chatbox and One-API ask for a balance. Nothing is charged by this version, so they say what is true of an unmetered
/// team in the numbers that One-API itself uses for one: a limit of 100,000,000 dollars, nothing spent.
/// </summary>
internal static class BillingDashboard
{
    private const decimal Unmetered = 100_000_000m;

    public static Task SubscriptionAsync(HttpContext http, ApiKey key) =>
        JsonAnswer.WriteAsync(http, new BillingSubscription(Unmetered, Unmetered, Unmetered), BillingJson.Default.BillingSubscription);

    public static Task UsageAsync(HttpContext http, ApiKey key) =>
        JsonAnswer.WriteAsync(http, new BillingUsage(0), BillingJson.Default.BillingUsage);

    public static Task CreditGrantsAsync(HttpContext http, ApiKey key) =>
        JsonAnswer.WriteAsync(http, new BillingGrants(Unmetered, 0, Unmetered), BillingJson.Default.BillingGrants);
}

internal sealed record BillingSubscription(decimal SoftLimitUsd, decimal HardLimitUsd, decimal SystemHardLimitUsd)
{
    public string Object => "billing_subscription";

    public bool HasPaymentMethod => true;

    /// <summary>Unix seconds; 0: never.</summary>
    public long AccessUntil => 0;
}

/// <summary>In US cents.</summary>
internal sealed record BillingUsage(decimal TotalUsage)
{
    public string Object => "list";
}

internal sealed record BillingGrants(decimal TotalGranted, decimal TotalUsed, decimal TotalAvailable)
{
    public string Object => "credit_summary";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BillingSubscription))]
[JsonSerializable(typeof(BillingUsage))]
[JsonSerializable(typeof(BillingGrants))]
internal sealed partial class BillingJson : JsonSerializerContext;
