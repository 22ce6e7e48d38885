using Milliways.Limits;

namespace Milliways.Hosting.Configuration;

/// <summary>Reads limits (docs/limits.md): of teams, keys and gateways under <c>limits</c>, and of a model under its entry.</summary>
internal static class LimitsReader
{
    private const string Remedy = "; null switches the limit off";

    private static readonly string[] Names =
        [LimitNames.RequestsPerSecond, LimitNames.RequestsPerMinute, LimitNames.RequestsPerHour, LimitNames.TokensPerMinute, LimitNames.Concurrent];

    public static LimitsConfig Read(ConfigSection section)
    {
        var limits = new LimitsConfig
        {
            PerTeam = ReadSet(section.Section("perTeam")),
            PerKey = ReadSet(section.Section("perKey")),
            PerGateway = ReadSet(section.Section("perGateway")),
        };
        section.Done();
        return limits;
    }

    /// <summary>Null where a model's entry says nothing of limits; <c>"limits": null</c> switches all of the catalogue's off.</summary>
    public static LimitSetOverride? ReadModel(ConfigSection model)
    {
        if (model.IsNull("limits"))
            return new LimitSetOverride(LimitSet.None, Names.ToHashSet());
        return model.Section("limits") is { } section ? new LimitSetOverride(ReadSet(section), Names.Where(section.Has).ToHashSet()) : null;
    }

    private static LimitSet ReadSet(ConfigSection? section)
    {
        if (section is null)
            return LimitSet.None;
        var limits = new LimitSet
        {
            RequestsPerSecond = (int?)section.Whole(LimitNames.RequestsPerSecond, 1, int.MaxValue, Remedy),
            RequestsPerMinute = (int?)section.Whole(LimitNames.RequestsPerMinute, 1, int.MaxValue, Remedy),
            RequestsPerHour = (int?)section.Whole(LimitNames.RequestsPerHour, 1, int.MaxValue, Remedy),
            TokensPerMinute = section.Whole(LimitNames.TokensPerMinute, 1, 1_000_000_000_000, Remedy),
            Concurrent = (int?)section.Whole(LimitNames.Concurrent, 1, int.MaxValue, Remedy),
        };
        section.Done();
        return limits;
    }
}
