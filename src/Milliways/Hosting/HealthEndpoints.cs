using System.Text.Json.Serialization;
using Milliways.Api;
using Milliways.Engines;
using Milliways.Hosting.Configuration;
using Milliways.Routing;
using Milliways.Routing.Health;
using Milliways.Storage;

namespace Milliways.Hosting;

/// <summary>GET /healthz (the process lives) and GET /readyz (it can serve, with each part).</summary>
internal sealed class HealthEndpoints(EngineSupervisor engine, LiveRouting routing, ConfigState configuration, HealthBoard health, ChangeWatch changes)
{
    /// <summary>How long a server can serve without its database (design §4, "Journal first").</summary>
    private static readonly TimeSpan LongestAway = TimeSpan.FromSeconds(60);

    public static Task LiveAsync(HttpContext http, string _) => JsonAnswer.WriteAsync(http, new Health("ok"), HealthJson.Default.Health);

    /// <summary>What /readyz answers with its status.</summary>
    public bool IsReady => Describe().Status == "ok";

    public Task ReadyAsync(HttpContext http, string _)
    {
        var parts = Describe();
        return JsonAnswer.WriteAsync(http, parts, HealthJson.Default.Readiness, parts.Status == "ok" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private Readiness Describe()
    {
        var embedded = engine.Describe();
        var others = routing.Table.Upstreams.All.Count(upstream => upstream.OffBecause is null && !upstream.IsEngine);
        var upstreams = new HealthPart(others > 0 || embedded.State == EngineState.Ready ? "ok" : "unavailable",
            others > 0 ? $"{others} configured" : "only the embedded engine")
        {
            Avoided = health.Avoided() is { Count: > 0 } avoided ? [.. avoided.Select(one => new AvoidedUpstream(one.Label, (int)Math.Ceiling(one.RetryIn.TotalSeconds)))] : null,
        };
        var database = Database();
        var ready = upstreams.Status == "ok" && database.Status != "unavailable";
        return new Readiness(ready ? "ok" : "unavailable", database, Configuration(), EngineHealth.Of(embedded), upstreams);
    }

    /// <summary>A database that is away for a moment keeps no answer from being given (design §4, "Journal first"); the reason, which names its address, is in the log.</summary>
    private HealthPart Database() => changes.Away is not { } away ? new HealthPart("ok", null)
        : new HealthPart(away.For < LongestAway ? "away" : "unavailable", $"no answer for {away.For.TotalSeconds:0} s; what is known stays in effect, and the log has the reason");

    /// <summary>A broken change of the file keeps nothing from working, so it makes nothing unready; only places are told here, the log has the words.</summary>
    private HealthPart Configuration() => configuration.Problems is { Count: > 0 } problems
        ? new HealthPart("broken", $"the changed file is not taken, the last good configuration is in effect ({string.Join("; ", problems)}); the log has the reasons")
        : new HealthPart("ok", null);
}

internal sealed record Health(string Status);

internal sealed record HealthPart(string Status, string? Detail)
{
    /// <summary>Upstreams that failed too often and are passed over for a while; null when there is none.</summary>
    public IReadOnlyList<AvoidedUpstream>? Avoided { get; init; }
}

/// <summary>One that is passed over, as <c>upstream/model</c>; after the seconds one request finds out whether it answers again.</summary>
internal sealed record AvoidedUpstream(string Upstream, int RetryInSeconds);

/// <summary>The engine's process, and each of its models with why it is off.</summary>
internal sealed record EngineHealth(string Status, string? Detail, ModelHealth[] Models)
{
    public static EngineHealth Of(EngineReadiness engine) => new(
        engine.State == EngineState.Ready && engine.Models.Any(model => model.State != EngineState.Ready) ? "degraded" : Word(engine.State), engine.Off,
        [.. engine.Models.Select(model => new ModelHealth(model.Name, Word(model.State), model.Trouble))]);

    private static string Word(EngineState state) => state switch { EngineState.Ready => "ok", EngineState.Off => "off", _ => "starting" };
}

internal sealed record ModelHealth(string Name, string Status, string? Detail);

internal sealed record Readiness(string Status, HealthPart Database, HealthPart Configuration, EngineHealth Engine, HealthPart Upstreams);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Health))]
[JsonSerializable(typeof(Readiness))]
internal sealed partial class HealthJson : JsonSerializerContext;
