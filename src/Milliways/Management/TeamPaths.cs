using System.Globalization;
using System.Text.Json;
using Milliways.Catalogue;
using Milliways.Keys;
using Milliways.Teams;

namespace Milliways.Management;

/// <summary>What xAI's management tells of a team and of the asking key (xai-api 2.1): models, ACLs there are, audit events, the key itself.</summary>
internal sealed class TeamPaths(TeamCommands teams, ModelDirectory directory, TimeProvider time)
{
    /// <summary>GET /auth/teams/{teamId}/models: one cluster, this installation.</summary>
    public bool Models(ManagementRequest request, Utf8JsonWriter writer)
    {
        request.Actor.Demand(Right.SeeModels, teams.Show(request.Actor, request.Id).Id, "see the team's models");
        var all = directory.All();
        writer.WriteStartObject();
        writer.WriteStartArray("clusterConfigs");
        writer.WriteStartObject();
        writer.WriteString("clusterName", ApiKeyPaths.Cluster);
        WriteModels(writer, "languageModels", all.Where(model => !model.Model.IsEmbedding));
        WriteModels(writer, "embeddingModels", all.Where(model => model.Model.IsEmbedding));
        WriteModels(writer, "imageGenerationModels", []);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
        return true;
    }

    /// <summary>GET /auth/teams/{teamId}/endpoints: the ACLs that a key can have.</summary>
    public bool Endpoints(ManagementRequest request, Utf8JsonWriter writer)
    {
        request.Actor.Demand(Right.SeeModels, teams.Show(request.Actor, request.Id).Id, "see the team's endpoints");
        writer.WriteStartObject();
        writer.WriteStartArray("acls");
        WriteAcl(writer, "endpoint", "*", "Every endpoint");
        foreach (var (name, _, description) in KeyAcls.Names)
            WriteAcl(writer, "endpoint", name, description);
        WriteAcl(writer, "model", "*", "Every model");
        foreach (var model in directory.All())
            WriteAcl(writer, "model", model.Model.Id, $"The model {model.Model.Id}");
        writer.WriteEndArray();
        writer.WriteEndObject();
        return true;
    }

    /// <summary>GET /audit/teams/{teamId}/events, the newest first.</summary>
    public bool Audit(ManagementRequest request, Utf8JsonWriter writer)
    {
        var size = Paging.Size(request.Query);
        long? before = Paging.After(request.Query) is not { } last ? null
            : long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var seq) ? seq : throw Paging.Unknown();
        var events = teams.Audit(request.Actor, request.Id, size, before);
        writer.WriteStartObject();
        writer.WriteStartArray("events");
        foreach (var one in events)
        {
            writer.WriteStartObject();
            writer.WriteString("eventId", one.Seq.ToString(CultureInfo.InvariantCulture));
            ProtoJson.WriteTime(writer, "eventTime", one.Time);
            writer.WriteString("teamId", one.Team?.ToString("D"));
            writer.WriteString("actor", one.Actor);
            writer.WriteString("action", one.Action);
            writer.WriteString("resource", one.Object);
            WriteState(writer, "before", one.Before);
            WriteState(writer, "after", one.After);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        if (events.Count == size)
            writer.WriteString("paginationToken", Paging.Token(events[^1].Seq.ToString(CultureInfo.InvariantCulture)));
        writer.WriteEndObject();
        return true;
    }

    /// <summary>GET /auth/management-keys/validation: what the asking key is.</summary>
    public static bool Validate(ManagementRequest request, Utf8JsonWriter writer)
    {
        var key = request.Key;
        writer.WriteStartObject();
        writer.WriteString("apiKeyId", key.Id.ToString("D"));
        writer.WriteString("teamId", key.Team.Id.ToString("D"));
        writer.WriteString("scope", "SCOPE_TEAM");
        writer.WriteString("scopeId", key.Team.Id.ToString("D"));
        writer.WriteString("ownerUserId", (key.CreatedBy ?? key.Team.Id).ToString("D"));
        ProtoJson.WriteTime(writer, "createTime", key.Created);
        ProtoJson.WriteTime(writer, "modifyTime", key.Modified);
        ProtoJson.WriteTime(writer, "expireTime", key.Expires);
        writer.WriteString("name", key.Name);
        ProtoJson.WriteTexts(writer, "acls", key.Acls);
        writer.WriteString("redactedApiKey", key.Redacted);
        ProtoJson.WriteTexts(writer, "ipRanges", []);
        writer.WriteEndObject();
        return true;
    }

    private void WriteModels(Utf8JsonWriter writer, string name, IEnumerable<ServedModel> models)
    {
        var now = time.GetUtcNow();
        writer.WriteStartArray(name);
        foreach (var served in models)
        {
            var (model, price) = (served.Model, served.Model.Price?.At(now) ?? ModelPrice.Free);
            writer.WriteStartObject();
            writer.WriteString("name", model.Id);
            writer.WriteString("version", model.Version);
            ProtoJson.WriteTexts(writer, "inputModalities", model.Inputs);
            ProtoJson.WriteTexts(writer, "outputModalities", model.Outputs);
            WriteLong(writer, "promptTextTokenPrice", ModelPrice.Listed(price.Input));
            WriteLong(writer, "promptImageTokenPrice", ModelPrice.Listed(price.ImageInput));
            if (!model.IsEmbedding)
            {
                WriteLong(writer, "cachedPromptTokenPrice", ModelPrice.Listed(price.CachedInput));
                WriteLong(writer, "completionTextTokenPrice", ModelPrice.Listed(price.Output));
            }
            if (model.Context is { } context)
                writer.WriteNumber("maxPromptLength", context);
            ProtoJson.WriteTexts(writer, "aliases", model.Aliases);
            writer.WriteString("cluster", ApiKeyPaths.Cluster);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteAcl(Utf8JsonWriter writer, string kind, string name, string description)
    {
        writer.WriteStartObject();
        writer.WriteString("acl", $"api-key:{kind}:{name}");
        writer.WriteString("description", description);
        writer.WriteString("namespace", "api-key");
        writer.WriteString("key", kind);
        writer.WriteString("value", name);
        writer.WriteEndObject();
    }

    /// <summary>JSON of our own making goes out as it is.</summary>
    private static void WriteState(Utf8JsonWriter writer, string name, string? state)
    {
        if (state is null)
            return;
        writer.WritePropertyName(name);
        writer.WriteRawValue(state);
    }

    private static void WriteLong(Utf8JsonWriter writer, string name, long value) => writer.WriteString(name, value.ToString(CultureInfo.InvariantCulture));
}
