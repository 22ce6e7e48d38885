using Milliways.Upstreams;

namespace Milliways.Routing.Health;

/// <summary>What is known of one upstream and model from the answers it gave: whether to try it, and how soon it begins to answer.</summary>
/// <param name="settings">The breaker's numbers; null: it never opens.</param>
/// <param name="connections">Of the upstream as a whole, shared by its models: whether it can be reached at all.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Is told each change of the breaker.</param>
internal sealed class AttemptHealth(BreakerSettings? settings, Breaker connections, TimeProvider time, Action<BreakerState>? changed = null)
{
    private readonly Latency _streams = new(time);
    private readonly Latency _wholes = new(time);

    public BreakerSettings? Settings => settings;

    public Breaker Breaker { get; } = new(settings, time, changed);

    public Breaker Connections => connections;

    /// <summary>How long until a probe may be made; zero when one may be made now.</summary>
    public TimeSpan OpensIn => Breaker.OpensIn > connections.OpensIn ? Breaker.OpensIn : connections.OpensIn;

    /// <summary>Lets an attempt in, or not. Whoever is let in must tell the outcome through the pass, once.</summary>
    public bool TryEnter(out AttemptPass pass)
    {
        pass = default;
        if (!Breaker.TryEnter(out var model))
            return false;
        if (connections.TryEnter(out var shared))
        {
            pass = new AttemptPass(model, shared);
            return true;
        }
        model.Tell(Verdict.Unknown);
        return false;
    }

    /// <summary>As <see cref="TryEnter"/>, for an attempt that has nowhere else to go.</summary>
    public bool TryForce(out AttemptPass pass)
    {
        pass = default;
        if (!Breaker.TryForce(out var model))
            return false;
        if (connections.TryForce(out var shared))
        {
            pass = new AttemptPass(model, shared);
            return true;
        }
        model.Tell(Verdict.Unknown);
        return false;
    }

    /// <summary>Streams and whole answers are measured apart: a whole answer comes when all of it is written.</summary>
    public Latency Latency(bool isStream) => isStream ? _streams : _wholes;
}

/// <summary>The right to make one attempt: the model's breaker and the upstream's have let it in, and both must be told what came of it, once.</summary>
internal readonly record struct AttemptPass(BreakerPass Model, BreakerPass Connections)
{
    /// <param name="model">What the attempt says of the model.</param>
    /// <param name="connection">What it says of the way to the upstream.</param>
    public void Tell(Verdict model, Verdict connection)
    {
        Model.Tell(model);
        Connections.Tell(connection);
    }
}
