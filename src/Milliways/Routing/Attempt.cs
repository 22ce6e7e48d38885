using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Milliways.Upstreams;

namespace Milliways.Routing;

/// <summary>One upstream, and the name under which it knows the model.</summary>
internal sealed record Attempt(Upstream Upstream, string Model)
{
    private ulong? _lot;

    /// <summary>What answers carry in <c>x-milliways-upstream</c>.</summary>
    public string Label { get; } = $"{Upstream.Name}/{Model}";

    /// <summary>Its share of a weighted route, compared with the others'; 0: only when the others fail.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Which of an exchange's steps it belongs to; 0 where there is one.</summary>
    public int Step { get; init; }

    /// <summary>A number that stands for the label, the same in every process: replicas send one conversation to one upstream.</summary>
    public ulong Lot => _lot ??= BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(Label)));
}
