using Milliways.Hosting.Configuration;

namespace Milliways.Logs;

/// <summary>What happens when a gateway has as many entries as it may.</summary>
internal enum WhenFull { DeleteOldest, StopInserting }

/// <summary>What is kept of the requests of one gateway, or of those that come through none.</summary>
/// <param name="Collect">An entry is written unless the caller says otherwise.</param>
/// <param name="Payloads">Heads and bodies are kept unless the caller says otherwise.</param>
/// <param name="MaxRows">The most entries of this gateway; null: only the bound of all together.</param>
/// <param name="WhenFull">Of <paramref name="MaxRows"/>.</param>
internal sealed record LogPolicy(bool Collect, bool Payloads, long? MaxRows = null, WhenFull WhenFull = WhenFull.DeleteOldest)
{
    /// <summary>The operator wants no entries, whatever gateways and callers say.</summary>
    public static LogPolicy Off { get; } = new(Collect: false, Payloads: false) { IsOff = true };

    public bool IsOff { get; private init; }

    /// <param name="said">The caller's word; null: it says nothing.</param>
    public bool Collects(bool? said) => !IsOff && (said ?? Collect);

    /// <summary>Whether there is an entry, and heads and bodies with it.</summary>
    public bool Keeps(bool? collect, bool? payloads) => Collects(collect) && (payloads ?? Payloads);
}

/// <summary>Says what is logged. Asked with every request, so it answers from memory.</summary>
internal interface ILogPolicy
{
    /// <param name="team">32 hex digits.</param>
    /// <param name="gateway">Null: none.</param>
    LogPolicy For(string team, string? gateway);
}

/// <summary>What the section <c>logs</c> says, for every team and gateway alike.</summary>
internal sealed class ConfiguredLogPolicy(ConfigState config) : ILogPolicy
{
    private static readonly LogPolicy Plain = new(Collect: true, Payloads: false);
    private static readonly LogPolicy Full = new(Collect: true, Payloads: true);

    public LogPolicy For(string team, string? gateway) => config.InEffect.Logs switch
    {
        { Collect: false } => LogPolicy.Off,
        { Payloads: LogPayloads.Full } => Full,
        _ => Plain,
    };
}
