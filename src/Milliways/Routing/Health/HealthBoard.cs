using System.Collections.Concurrent;
using System.Globalization;
using Milliways.Upstreams;

namespace Milliways.Routing.Health;

/// <summary>An upstream and model, or a whole upstream, that is avoided at the moment.</summary>
/// <param name="Label"><c>upstream/model</c>; the upstream's name alone when no connection to it can be made.</param>
/// <param name="RetryIn">Zero: a probe may be made, or is being made.</param>
internal readonly record struct AvoidedAttempt(string Label, TimeSpan RetryIn);

/// <summary>
/// The health of everything that has been tried. It lives as long as the process, so that a changed configuration does not forget who is ill, and tells
/// the log each change once.
/// </summary>
internal sealed class HealthBoard(TimeProvider time, ILogger<HealthBoard> log)
{
    /// <summary>
    /// Callers choose model names (<c>upstream/anything</c>), so the names of one upstream that are kept apart are bounded; what is beyond shares one health.
    /// </summary>
    public const int MostModels = 256;

    private const string Others = "(others)";

    private readonly ConcurrentDictionary<string, UpstreamHealth> _upstreams = new(StringComparer.Ordinal);

    public AttemptHealth Of(Attempt attempt)
    {
        var upstream = OfUpstream(attempt.Upstream.Name, attempt.Upstream.Breaker);
        var models = upstream.Models;
        if (models.TryGetValue(attempt.Model, out var health))
            return health;
        return models.GetOrAdd(models.Count < MostModels ? attempt.Model : Others, static (model, made) => made.Board.Make(made.Upstream, model), (Board: this, Upstream: upstream));
    }

    /// <summary>Changed numbers begin anew.</summary>
    private UpstreamHealth OfUpstream(string name, BreakerSettings? settings) =>
        _upstreams.TryGetValue(name, out var known) && known.Settings == settings ? known
            : _upstreams.AddOrUpdate(name, static (name, made) => made.Board.Make(name, made.Settings),
                static (name, known, made) => known.Settings == made.Settings ? known : made.Board.Make(name, made.Settings), (Board: this, Settings: settings));

    /// <summary>For <c>/readyz</c>: what is avoided now, by name.</summary>
    public IReadOnlyList<AvoidedAttempt> Avoided() =>
    [
        .. from upstream in _upstreams
           where upstream.Value.Connections.State != BreakerState.Closed
           orderby upstream.Key
           select new AvoidedAttempt(upstream.Key, upstream.Value.Connections.OpensIn),
        .. from upstream in _upstreams
           from model in upstream.Value.Models
           where model.Value.Breaker.State != BreakerState.Closed
           orderby upstream.Key, model.Key
           select new AvoidedAttempt($"{upstream.Key}/{model.Key}", model.Value.Breaker.OpensIn),
    ];

    private UpstreamHealth Make(string name, BreakerSettings? settings) =>
        new(name, settings, new Breaker(settings, time, state => Changed(name, settings!, state)));

    private AttemptHealth Make(UpstreamHealth upstream, string model) =>
        new(upstream.Settings, upstream.Connections, time, state => Changed($"{upstream.Name}/{model}", upstream.Settings!, state));

    private void Changed(string label, BreakerSettings settings, BreakerState state)
    {
        if (state == BreakerState.Closed)
            log.LogInformation("{Upstream} answers again", label);
        else
            log.LogWarning("{Upstream} is avoided: {Failures} failures within {Window} s; it is tried again after {Open} s, and less often while it stays so", label,
                settings.Failures, settings.Window.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture), settings.Open.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture));
    }

    /// <summary>One upstream: whether it can be reached, and each of its models.</summary>
    private sealed record UpstreamHealth(string Name, BreakerSettings? Settings, Breaker Connections)
    {
        public ConcurrentDictionary<string, AttemptHealth> Models { get; } = new(StringComparer.Ordinal);
    }
}
