using System.Text.Json.Serialization;

namespace Milliways.Alerts;

/// <param name="Team">Of one team only; null: of all.</param>
/// <param name="Limit">How many.</param>
internal sealed record AlertsQuery(string? Team, int? Limit);

/// <param name="Configured">False: the configuration has no section <c>alerts</c>, and nothing new is told.</param>
/// <param name="Off">Targets that answered 410 and get nothing until a test of them succeeds.</param>
/// <param name="Alerts">The newest first.</param>
internal sealed record AlertList(bool Configured, IReadOnlyList<string> Off, IReadOnlyList<AlertShown> Alerts);

internal sealed record AlertShown(string Id, string Type, string Created, string? Team, AlertData Data, IReadOnlyList<DeliveryShown> Deliveries);

/// <param name="Target"><c>webhook:HOST/DIGEST</c> or <c>mail:ADDRESS</c>.</param>
/// <param name="State"><c>waiting</c>, <c>delivered</c>, <c>failed</c> (given up) or <c>off</c>.</param>
/// <param name="Attempts">Tries so far.</param>
/// <param name="Due">Of a waiting one: the next try.</param>
/// <param name="Error">Of the last try.</param>
/// <param name="Ended">When it was delivered or given up.</param>
internal sealed record DeliveryShown(string Target, string State, int Attempts, string? Due, string? Error, string? Ended);

internal sealed record TestRequest;

/// <param name="Ok">Everybody has got it.</param>
/// <param name="Id">As the receivers see it.</param>
internal sealed record TestReport(bool Ok, string Id, IReadOnlyList<TestResult> Results);

internal sealed record TestResult(string Target, bool Ok, string? Error);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AlertsQuery))]
[JsonSerializable(typeof(AlertList))]
[JsonSerializable(typeof(TestRequest))]
[JsonSerializable(typeof(TestReport))]
internal sealed partial class AlertJson : JsonSerializerContext;
