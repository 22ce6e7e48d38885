using System.Globalization;
using System.Text.Json.Serialization;
using Milliways.Api;
using Milliways.Credits.Books;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Hosting;
using Milliways.Keys;

namespace Milliways.Credits;

/// <summary>
/// OpenAI's old billing paths, which Chatbox and One-API ask for a balance: <c>hard_limit_usd</c> minus what was used in the last hundred days is what is left. Everything told
/// is durable. Without governance nobody is charged: they say what is true of an unmetered team in the numbers that One-API itself uses for one.
/// </summary>
internal sealed class BillingDashboard(CreditCommands credits, UsageReport usage, ServeOptions options, TimeProvider time)
{
    private const decimal Unmetered = 100_000_000m;

    /// <summary>The range that One-API and Chatbox ask for.</summary>
    private static readonly TimeSpan Usual = TimeSpan.FromDays(100);

    public async Task SubscriptionAsync(HttpContext http, ApiKey key)
    {
        var limit = Unmetered;
        if (options.Governance)
        {
            var now = time.GetUtcNow();
            var shown = await credits.ShowToKeyAsync(key.Team.Id, http.RequestAborted);
            limit = Dollars(shown.BalanceTicks + (await usage.DaysAsync(key.Team.Id, now - Usual, now, http.RequestAborted)).Sum(day => day.Ticks));
        }
        await JsonAnswer.WriteAsync(http, new BillingSubscription(limit, limit, limit), BillingJson.Default.BillingSubscription);
    }

    public async Task UsageAsync(HttpContext http, ApiKey key)
    {
        var now = time.GetUtcNow();
        if (!TryDay(http, "start_date", now - Usual, out var from) || !TryDay(http, "end_date", now.AddDays(1), out var to))
        {
            await FailureAnswer.WriteAsync(http, ErrorWriters.Of(key.Flavour ?? Flavour.Xai), Failure.Invalid("start_date and end_date are days such as 2026-01-31.", "start_date"));
            return;
        }
        var days = options.Governance ? await usage.DaysAsync(key.Team.Id, from, to, http.RequestAborted) : [];
        await JsonAnswer.WriteAsync(http, new BillingUsage(Cents(days.Sum(day => day.Ticks)), [.. days.GroupBy(day => day.Day).Select(day =>
            new BillingDay(day.Key.ToUnixTimeSeconds(), [.. day.Select(line => new BillingLine(line.Model, Cents(line.Ticks)))]))]), BillingJson.Default.BillingUsage);
    }

    public async Task CreditGrantsAsync(HttpContext http, ApiKey key)
    {
        if (!options.Governance)
        {
            await JsonAnswer.WriteAsync(http, new BillingGrants(Unmetered, 0, Unmetered, null, null, new GrantList([])), BillingJson.Default.BillingGrants);
            return;
        }
        var shown = await credits.ShowToKeyAsync(key.Team.Id, http.RequestAborted);
        var used = (await usage.DaysAsync(key.Team.Id, DateTimeOffset.UnixEpoch, time.GetUtcNow(), http.RequestAborted)).Sum(day => day.Ticks);
        await JsonAnswer.WriteAsync(http, new BillingGrants(
            Dollars(shown.BalanceTicks + used), Dollars(used), Dollars(shown.BalanceTicks), shown.BalanceTicks, shown.AvailableTicks,
            new GrantList([.. shown.Grants.Select(grant => new BillingGrant(grant.Id, grant.Kind, Dollars(grant.AmountTicks), Dollars(grant.AmountTicks - grant.LeftTicks), grant.Expires))])),
            BillingJson.Default.BillingGrants);
    }

    private static bool TryDay(HttpContext http, string name, DateTimeOffset usual, out DateTimeOffset day)
    {
        day = usual;
        var text = http.Request.Query[name].ToString();
        return text.Length == 0 || DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out day);
    }

    private static decimal Dollars(long ticks) => (decimal)ticks / Money.TicksPerDollar;

    private static decimal Cents(long ticks) => (decimal)ticks * 100 / Money.TicksPerDollar;
}

internal sealed record BillingSubscription(decimal SoftLimitUsd, decimal HardLimitUsd, decimal SystemHardLimitUsd)
{
    public string Object => "billing_subscription";

    public bool HasPaymentMethod => true;

    /// <summary>Unix seconds; 0: never.</summary>
    public long AccessUntil => 0;
}

/// <summary>In US cents.</summary>
internal sealed record BillingUsage(decimal TotalUsage, BillingDay[] DailyCosts)
{
    public string Object => "list";
}

/// <param name="Timestamp">The day's beginning in UTC, Unix seconds.</param>
internal sealed record BillingDay(long Timestamp, BillingLine[] LineItems);

internal sealed record BillingLine(string Name, decimal Cost);

internal sealed record BillingGrants(
    decimal TotalGranted, decimal TotalUsed, decimal TotalAvailable,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? BalanceTicks,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? AvailableTicks, GrantList Grants)
{
    public string Object => "credit_summary";
}

internal sealed record GrantList(BillingGrant[] Data)
{
    public string Object => "list";
}

internal sealed record BillingGrant(string Id, string Kind, decimal GrantAmount, decimal UsedAmount, string? ExpiresAt)
{
    public string Object => "credit_grant";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BillingSubscription))]
[JsonSerializable(typeof(BillingUsage))]
[JsonSerializable(typeof(BillingGrants))]
internal sealed partial class BillingJson : JsonSerializerContext;
