using Milliways.Upstreams;

namespace Milliways.Routing;

/// <summary>One upstream, and the name under which it knows the model.</summary>
internal sealed record Attempt(Upstream Upstream, string Model)
{
    /// <summary>What answers carry in <c>x-milliways-upstream</c>.</summary>
    public string Label { get; } = $"{Upstream.Name}/{Model}";
}

/// <summary>What serves a model name, in the order in which it is tried.</summary>
internal sealed record Route(IReadOnlyList<Attempt> Attempts)
{
    public Route(Attempt only) : this([only]) { }
}
