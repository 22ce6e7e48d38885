using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Stored;

namespace Milliways.Api.PassThrough;

/// <summary>Whose a file, a batch or a video is. The provider knows one account, so this is the only wall between teams.</summary>
internal static class PassThroughOwnership
{
    /// <summary>The names under which xAI's objects carry their own id (xai-api 1.8, 1.13, 1.14).</summary>
    private static readonly string[] OwnId = ["id", "batch_id", "request_id"];

    /// <summary>Refuses what is another team's; loads what a list may show; records what is made.</summary>
    public static async ValueTask<Failure?> CheckAsync(Exchange exchange, PassThroughTarget target, OwnedIds owned)
    {
        var team = exchange.Key!.Team.Account;
        if (target.Id is { } id && !await owned.OwnsAsync(target.Resource, id, team))
            return NotFound(target.Resource, id);
        if (target.IsCreation || target.IsDeletion)
            exchange.Keeper = new Recorder(target, owned, team);
        else if (target.IsList)
            exchange.FrontState = new ListedTarget(target, await owned.AllAsync(target.Resource, team));
        return null;
    }

    /// <summary>The list without what is not the team's.</summary>
    public static byte[] Filter(ReadOnlySpan<byte> list, HashSet<string> own)
    {
        var reader = new Utf8JsonReader(list);
        using var document = JsonDocument.ParseValue(ref reader);
        using var output = new MemoryStream();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            foreach (var member in document.RootElement.EnumerateObject())
            {
                if (member.Value.ValueKind != JsonValueKind.Array)
                {
                    member.WriteTo(writer);
                    continue;
                }
                writer.WriteStartArray(member.Name);
                foreach (var item in member.Value.EnumerateArray())
                    if (IdOf(item) is { } id && own.Contains(id))
                        item.WriteTo(writer);
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        return output.ToArray();
    }

    private static Failure NotFound(string resource, string id) => new(FailureKind.NotFound, FailureParty.Client, "route",
        $"There is no {(resource == "batches" ? "batch" : resource[..^1])} {id} of your team.");

    private static string? IdOf(JsonElement item)
    {
        if (item.ValueKind == JsonValueKind.Object)
            foreach (var name in OwnId)
                if (item.TryGetProperty(name, out var id) && id.ValueKind == JsonValueKind.String)
                    return id.GetString();
        return null;
    }

    /// <summary>Before the caller reads an id, it is its team's; behind a deletion it is nobody's.</summary>
    private sealed class Recorder(PassThroughTarget target, OwnedIds owned, string team) : IAnswerKeeper
    {
        public async ValueTask KeepAsync(Exchange exchange, ReadOnlyMemory<byte> tail)
        {
            if (target.IsDeletion)
                await owned.RemoveAsync(target.Resource, target.Id!);
            else if (Read(tail.Span) is { } id)
                await owned.AddAsync(target.Resource, id, team);
        }

        private static string? Read(ReadOnlySpan<byte> answer)
        {
            var reader = new Utf8JsonReader(answer);
            using var document = JsonDocument.ParseValue(ref reader);
            return IdOf(document.RootElement);
        }
    }
}
