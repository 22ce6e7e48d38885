using System.Text.Json;
using Milliways.Tests.Support;

namespace Milliways.Tests.Faults.Callers;

/// <summary>A caller of one front: what it asks, and how strictly it reads what it gets. It shares no code with the gateway.</summary>
internal abstract class Caller(string name)
{
    public static IReadOnlyList<Caller> All { get; } = [new ChatCaller("chat (xAI)", isXai: true), new ChatCaller("chat (OpenAI)", isXai: false), new MessagesCaller(), new ResponsesCaller()];

    protected const string Schema = """{"type":"object","properties":{"city":{"type":"string"},"zone":{"type":"string"}}}""";

    public string Name => name;

    /// <summary>The dialect of upstreams whose bytes go through.</summary>
    public abstract string Dialect { get; }

    public abstract string Path(TestServer server);

    public abstract string Ask(string model, bool stream);

    /// <summary>The status that this dialect gives an upstream's status (dialects 4.13).</summary>
    public abstract int StatusOf(int upstream);

    public abstract Told ReadStream(List<CallerFrame> frames);

    public abstract Told ReadWhole(JsonElement answer);

    /// <summary>Checks the shape of an error answer.</summary>
    public abstract void CheckError(JsonElement error, int status);

    /// <summary>Checks the shape of an error event's object.</summary>
    public abstract void CheckStreamError(JsonElement error);

    /// <summary>A count, or null when it is none that a client can hold.</summary>
    protected static long? Count(JsonElement usage, string name) =>
        usage.TryGetProperty(name, out var count) && count.ValueKind == JsonValueKind.Number && count.TryGetInt64(out var number) ? number : null;

    /// <summary>The dialect's words for a natural end and for tool calls.</summary>
    public abstract (string End, string Tools) Stops { get; }
}
