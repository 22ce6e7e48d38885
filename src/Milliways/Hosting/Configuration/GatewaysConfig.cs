namespace Milliways.Hosting.Configuration;

/// <summary>The section <c>gateways</c>.</summary>
internal sealed record GatewaysConfig
{
    /// <summary>How many a team may have, its <c>default</c> included.</summary>
    public int PerTeam { get; init; } = 20;

    public static GatewaysConfig Read(ConfigSection section)
    {
        var config = new GatewaysConfig { PerTeam = section.Count("perTeam", least: 1, most: 10_000) ?? 20 };
        section.Done();
        return config;
    }
}
