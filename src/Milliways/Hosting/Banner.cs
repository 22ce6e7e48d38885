using System.Globalization;
using Milliways.Engines;
using Milliways.Gateway.Settings;
using Milliways.Routing;

namespace Milliways.Hosting;

/// <summary>The text of a start: where it listens, the key (once), who answers grok-beta and why, and commands that work when pasted.</summary>
internal static class Banner
{
    public static string Text(ServerAddress address, string account, string? firstKey, RoutingTable table, EmbeddedModels models, string data)
    {
        var text = new System.Text.StringBuilder();
        void Line(string line = "") => text.Append(line).Append('\n');
        var (base1, key) = (address.Http, firstKey ?? "$MILLIWAYS_KEY");
        Line();
        Line($"  Milliways {VersionCommand.Ours().Version} listens on {base1}");
        Line();
        if (firstKey is not null)
        {
            Line($"  Your first API key, shown this once:");
            Line();
            Line($"      {firstKey}");
            Line();
        }
        else
            Line($"  The API key was shown at the first start; \"milliways keys create --name NAME\" makes another.");
        Line($"  grok-beta is answered by {WhoAnswers(table, models)}");
        Line($"  Data: {data}");
        Line();
        Line("  Try it:");
        Line();
        Line($"  curl -N {base1}/v1/chat/completions \\");
        Line($"    -H \"Content-Type: application/json\" -H \"Authorization: Bearer {key}\" \\");
        Line("    -d '{\"model\": \"grok-beta\", \"stream\": true, \"messages\": [{\"role\": \"user\", \"content\": \"Write one sentence about the sea.\"}]}'");
        Line();
        Line("  In your code, one line changes:");
        Line();
        Line($"  OpenAI client      base_url = \"{base1}/v1\"");
        Line($"  Anthropic client   base_url = \"{base1}\"");
        if (address.Grpc is not null)
            Line($"  xai-sdk (gRPC)     api_host = \"{address.Grpc[(address.Grpc.IndexOf("//", StringComparison.Ordinal) + 2)..]}\"{(address.Grpc.StartsWith("http:", StringComparison.Ordinal) ? ", use_insecure_channel = True" : "")}");
        Line($"  Gateway address    {base1}/v1/{account}/{GatewaySettings.Default}/grok");
        Line();
        Line("  Ctrl-C stops the server and lets running answers finish.");
        return text.ToString();
    }

    private static string WhoAnswers(RoutingTable table, EmbeddedModels models)
    {
        if (table.Models.ContainsKey(StandIn.Chat))
            return "what \"models\" in milliways.json names.";
        if (table.Upstreams.All.FirstOrDefault(upstream => upstream.OffBecause is null && upstream.Preset?.Name == "xai") is { } xai)
            return $"xAI ({xai.Name}), because an xAI key is set.";
        if (table.Engine is null)
            return $"nobody: {table.EngineOffBecause}. Set XAI_API_KEY to use xAI.";
        if (models.Chat.Trouble is { } trouble)
            return $"nobody: {trouble}. Correct engine.model in milliways.json and start again.";
        if (!models.Chat.IsShipped)
            return $"{models.Chat.Name}, the model of engine.model ({models.Chat.Path}), because no xAI key is set.";
        return string.Create(CultureInfo.InvariantCulture,
            $"{models.Chat.Name}, the embedded demo model, because no xAI key is set.\n  It is small and often wrong. For the real one: XAI_API_KEY=xai-... ./run");
    }
}
