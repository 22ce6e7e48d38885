using System.Collections.Concurrent;
using System.Globalization;
using Milliways.Upstreams;

namespace Milliways.Routing.Health;

/// <summary>An upstream and model that is avoided at the moment.</summary>
/// <param name="Label"><c>upstream/model</c>.</param>
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

    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, AttemptHealth>> _upstreams = new(StringComparer.Ordinal);

    public AttemptHealth Of(Attempt attempt)
    {
        var (upstream, settings) = (attempt.Upstream.Name, attempt.Upstream.Breaker);
        var models = _upstreams.GetOrAdd(upstream, static _ => new(StringComparer.Ordinal));
        if (models.TryGetValue(attempt.Model, out var health) && health.Settings == settings)
            return health;
        var model = health is not null || models.Count < MostModels ? attempt.Model : Others;
        return models.AddOrUpdate(model, static (model, made) => made.Board.Make(made.Upstream, model, made.Settings),
            static (model, known, made) => known.Settings == made.Settings ? known : made.Board.Make(made.Upstream, model, made.Settings),
            (Board: this, Upstream: upstream, Settings: settings));
    }

    /// <summary>For <c>/readyz</c>: what is avoided now, by name.</summary>
    public IReadOnlyList<AvoidedAttempt> Avoided() =>
    [
        .. from upstream in _upstreams
           from model in upstream.Value
           where model.Value.Breaker.State != BreakerState.Closed
           orderby upstream.Key, model.Key
           select new AvoidedAttempt($"{upstream.Key}/{model.Key}", model.Value.Breaker.OpensIn),
    ];

    private AttemptHealth Make(string upstream, string model, BreakerSettings? settings) =>
        new(settings, time, state => Changed($"{upstream}/{model}", settings!, state));

    private void Changed(string label, BreakerSettings settings, BreakerState state)
    {
        if (state == BreakerState.Closed)
            log.LogInformation("{Upstream} answers again", label);
        else
            log.LogWarning("{Upstream} is avoided: {Failures} failures within {Window} s; it is tried again every {Open} s", label,
                settings.Failures, settings.Window.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture), settings.Open.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture));
    }
}
