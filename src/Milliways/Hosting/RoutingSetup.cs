using Milliways.Engines;
using Milliways.Hosting.Configuration;
using Milliways.Keys;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Hosting;

/// <summary>Makes the routing table of a configuration.</summary>
internal static class RoutingSetup
{
    /// <summary>A whole table. The engine is the same in all of them: it outlives every change of the configuration.</summary>
    public static RoutingTable Build(
        MilliwaysConfig config, Func<string, string?> environment, UpstreamClients clients, Upstream? engine, EmbeddedModels models)
    {
        var upstreams = UpstreamSet.Build(config, environment, clients, engine, KeyText.IsOurs);
        return new RoutingTable(config, upstreams, engine, models.Chat.Name, models.Embedding?.Name,
            engine is not null ? null : "the embedded engine is switched off (engine.enabled in milliways.json, or --no-engine)");
    }

    /// <summary>The embedded engine is one more upstream, behind a guard that waits for its process.</summary>
    public static Upstream Engine(EngineSupervisor supervisor, EngineSocket socket) =>
        new(Upstream.EngineName, UpstreamDialect.OpenAiChat, UpstreamAddress.Parse(EngineSocket.Origin + "/v1"), UpstreamClients.ForSocket(socket.Path))
        {
            Provider = Upstream.EngineName,
            Guard = supervisor,
            // The supervisor knows when its process is ill and replaces it; a full queue is for the caller to know.
            Breaker = null,
            Retries = 0,
            // The supervisor knows a hang by the decode loop's beat; a long queue or a long answer is none.
            Timeouts = new UpstreamTimeouts { FirstByte = TimeSpan.FromMinutes(10), Idle = TimeSpan.FromMinutes(10) },
        };
}
