using System.Text.Json;
using Milliways.Keys;
using Milliways.Teams;

namespace Milliways.Management;

/// <summary>xAI's management of API keys (xai-api 2.1), mapped to <see cref="KeyCommands"/>.</summary>
internal sealed class ApiKeyPaths(KeyCommands keys, TimeProvider time)
{
    /// <summary>The one place where keys are served, named as xAI names its clusters.</summary>
    public const string Cluster = "local";

    /// <summary>POST /auth/teams/{teamId}/api-keys. Without ACLs the key may do nothing, as at xAI.</summary>
    public bool Create(ManagementRequest request, Utf8JsonWriter writer)
    {
        var body = ProtoJson.Member(request.Body, "apiKey", "api_key") is { ValueKind: JsonValueKind.Object } nested ? nested : request.Body;
        var settings = Fields.Aggregate(new KeySettings(ProtoJson.Text(body, "name") ?? throw ProtoJson.Wrong("name", "the key's name")) { Acls = KeyWords.Acls([]) },
            (current, field) => field.Value.Read(current, body, time.GetUtcNow()));
        var (key, text) = keys.Create(request.Actor, request.Id, settings);
        Write(writer, key, text);
        return true;
    }

    /// <summary>GET /auth/teams/{teamId}/api-keys?pageSize&amp;paginationToken&amp;aclFilters&amp;activeOnly.</summary>
    public bool List(ManagementRequest request, Utf8JsonWriter writer)
    {
        var (size, now) = (Paging.Size(request.Query), time.GetUtcNow());
        var all = keys.List(request.Actor, request.Id);
        var after = Paging.After(request.Query) is { } last ? Place(last) : default;
        var filters = request.Query["aclFilters"].SelectMany(text => (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToList();
        var activeOnly = request.Query["activeOnly"] is ["true" or "1"];
        var chosen = all
            .SkipWhile(key => (key.Created, key.Id).CompareTo(after) <= 0)
            .Where(key => (!activeOnly || key.RefusedBecause(now) is null) && (filters.Count == 0 || filters.Exists(filter => key.Acls.Texts.Contains(filter))))
            .Take(size + 1).ToList();
        writer.WriteStartObject();
        writer.WriteStartArray("apiKeys");
        foreach (var key in chosen.Take(size))
            Write(writer, key, text: null);
        writer.WriteEndArray();
        if (chosen.Count > size)
            writer.WriteString("paginationToken", Paging.Token(PlaceOf(chosen[size - 1])));
        writer.WriteEndObject();
        return true;
    }

    /// <summary>PUT /auth/api-keys/{apiKeyId}: what <c>fieldMask</c> names; without one, what is there.</summary>
    public bool Update(ManagementRequest request, Utf8JsonWriter writer)
    {
        var body = ProtoJson.Member(request.Body, "apiKey", "api_key") is not { } nested ? throw ProtoJson.Wrong("apiKey", "an object with the changed members")
            : nested.ValueKind == JsonValueKind.Object ? nested : throw ProtoJson.Wrong("apiKey", "an object");
        var mask = Mask(request.Body);
        var named = mask is null
            ? Fields.Where(field => field.Value.IsIn(body)).Select(field => field.Value).ToList()
            : mask.Select(name => Fields.GetValueOrDefault(name) ?? throw new CommandException(CommandProblem.Invalid, $"fieldMask names \"{name}\", which cannot be changed: it knows {string.Join(", ", Fields.Keys)}.")).ToList();
        Write(writer, keys.Change(request.Actor, request.Id, settings => named.Aggregate(settings, (current, field) => field.Read(current, body, time.GetUtcNow()))), text: null);
        return true;
    }

    /// <summary>POST /auth/api-keys/{apiKeyId}/rotate.</summary>
    public bool Rotate(ManagementRequest request, Utf8JsonWriter writer)
    {
        var overlap = ProtoJson.Time(request.Body, "oldSecretExpireTime", "old_secret_expire_time") - time.GetUtcNow();
        var (key, text, _) = keys.Rotate(request.Actor, request.Id, overlap, Future(ProtoJson.Time(request.Body, "expireTime", "expire_time"), time.GetUtcNow()));
        Write(writer, key, text);
        return true;
    }

    /// <summary>DELETE /auth/api-keys/{apiKeyId}.</summary>
    public bool Delete(ManagementRequest request, Utf8JsonWriter writer)
    {
        keys.Delete(request.Actor, request.Id);
        return false;
    }

    /// <summary>GET /auth/api-keys/{apiKeyId}/propagation: a change is in effect when its request has been answered.</summary>
    public bool Propagation(ManagementRequest request, Utf8JsonWriter writer)
    {
        keys.Show(request.Actor, request.Id);
        writer.WriteStartObject();
        writer.WriteStartObject("icPropagation");
        writer.WriteBoolean(Cluster, true);
        writer.WriteEndObject();
        writer.WriteEndObject();
        return true;
    }

    /// <summary>A member that can be set: under which names it comes, and what becomes of it.</summary>
    private sealed record Field(string Camel, string? Snake, Func<KeySettings, JsonElement, DateTimeOffset, KeySettings> Set)
    {
        public bool IsIn(JsonElement body) => body.TryGetProperty(Camel, out _) || (Snake is not null && body.TryGetProperty(Snake, out _));

        public KeySettings Read(KeySettings settings, JsonElement body, DateTimeOffset now) => Set(settings, body, now);
    }

    private static readonly Dictionary<string, Field> Fields = new Field[]
    {
        new("name", null, (settings, body, _) => settings with { Name = ProtoJson.Text(body, "name") ?? throw ProtoJson.Wrong("name", "a text") }),
        new("acls", "aclStrings", (settings, body, _) => settings with { Acls = KeyWords.Acls(ProtoJson.Texts(body, "acls", "aclStrings") ?? []) }),
        new("disabled", null, (settings, body, _) => settings with { Disabled = ProtoJson.Flag(body, "disabled") ?? false }),
        new("expireTime", "expire_time", (settings, body, now) => settings with { Expires = Future(ProtoJson.Time(body, "expireTime", "expire_time"), now) }),
        new("qps", null, (settings, body, _) => settings with { Limits = settings.Limits with { RequestsPerSecond = Whole(body, "qps") } }),
        new("qpm", null, (settings, body, _) => settings with { Limits = settings.Limits with { RequestsPerMinute = Whole(body, "qpm") } }),
        new("tpm", null, (settings, body, _) => settings with { Limits = settings.Limits with { TokensPerMinute = Limit(body, "tpm", long.MaxValue) } }),
    }.SelectMany(field => new[] { field.Camel, field.Snake }.OfType<string>().Select(name => (Name: name, Field: field))).ToDictionary(row => row.Name, row => row.Field);

    /// <summary>A text with commas, as proto3 writes a FieldMask, or an object with <c>paths</c>; a leading <c>apiKey.</c> is passed over.</summary>
    private static List<string>? Mask(JsonElement body)
    {
        if (ProtoJson.Member(body, "fieldMask", "field_mask") is not { } mask)
            return null;
        var names = mask.ValueKind == JsonValueKind.String ? mask.GetString()!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : mask.ValueKind == JsonValueKind.Object ? ProtoJson.Texts(mask, "paths") ?? [] : throw ProtoJson.Wrong("fieldMask", "a text such as \"name,acls\"");
        return [.. names.Select(name => name.StartsWith("apiKey.", StringComparison.Ordinal) ? name[7..] : name.StartsWith("api_key.", StringComparison.Ordinal) ? name[8..] : name).Distinct()];
    }

    private static int? Whole(JsonElement body, string name) => (int?)Limit(body, name, int.MaxValue);

    /// <summary>0 is proto3's word for absent: no limit.</summary>
    private static long? Limit(JsonElement body, string name, long most) => ProtoJson.Number(body, name) switch
    {
        null or 0 => null,
        { } number when number > 0 && number <= most => number,
        _ => throw ProtoJson.Wrong(name, "a whole number of at least 1, or 0 for no limit"),
    };

    private static DateTimeOffset? Future(DateTimeOffset? expires, DateTimeOffset now) =>
        expires is null || expires > now ? expires : throw ProtoJson.Wrong("expireTime", "a time to come");

    private static string PlaceOf(ApiKey key) => $"{key.Created.UtcTicks}/{key.Id:N}";

    private static (DateTimeOffset Created, Guid Id) Place(string place) =>
        place.Split('/') is [var ticks, var id] && long.TryParse(ticks, out var at) && at >= 0 && at <= DateTimeOffset.MaxValue.Ticks && Guid.TryParseExact(id, "N", out var parsed)
            ? (new DateTimeOffset(at, TimeSpan.Zero), parsed)
            : throw Paging.Unknown();

    private static void Write(Utf8JsonWriter writer, ApiKey key, string? text)
    {
        writer.WriteStartObject();
        writer.WriteString("redactedApiKey", key.Redacted);
        if (text is not null)
            writer.WriteString("apiKey", text);
        writer.WriteString("userId", (key.CreatedBy ?? key.Team.Id).ToString("D"));
        writer.WriteString("teamId", key.Team.Id.ToString("D"));
        writer.WriteString("apiKeyId", key.Id.ToString("D"));
        writer.WriteString("name", key.Name);
        ProtoJson.WriteTime(writer, "createTime", key.Created);
        ProtoJson.WriteTime(writer, "modifyTime", key.Modified);
        ProtoJson.WriteTime(writer, "expireTime", key.Expires);
        writer.WriteBoolean("disabled", key.Disabled);
        writer.WriteBoolean("apiKeyBlocked", key.Blocked);
        writer.WriteBoolean("teamBlocked", key.Team.Blocked);
        if (key.Limits.RequestsPerSecond is { } qps)
            writer.WriteNumber("qps", qps);
        if (key.Limits.RequestsPerMinute is { } qpm)
            writer.WriteNumber("qpm", qpm);
        if (key.Limits.TokensPerMinute is { } tpm)
            writer.WriteString("tpm", tpm.ToString(System.Globalization.CultureInfo.InvariantCulture));
        ProtoJson.WriteTexts(writer, "aclStrings", key.Acls.Texts);
        writer.WriteEndObject();
    }
}
