using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Limits;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary>What whoever owns a key can set.</summary>
internal sealed record KeySettings(string Name)
{
    public KeyAcls Acls { get; init; } = KeyAcls.All;

    public LimitSet Limits { get; init; } = LimitSet.None;

    public long? Budget { get; init; }

    public DateTimeOffset? Expires { get; init; }

    public Flavour? Flavour { get; init; }

    public bool Disabled { get; init; }

    public static KeySettings Of(ApiKey key) => new(key.Name)
    {
        Acls = key.Acls,
        Limits = key.Limits,
        Budget = key.Budget,
        Expires = key.Expires,
        Flavour = key.Flavour,
        Disabled = key.Disabled,
    };
}

/// <summary>
/// What can be done with API keys: authorization, the change and its audit row stand here once, whoever asks. A change is in effect in this process when the
/// method returns. The methods block on the database: call them off the threads of sockets.
/// </summary>
/// <exception cref="CommandException">Of every method: what whoever asked can put right.</exception>
internal sealed class KeyCommands(LedgerDatabase database, KeyStore keys, TeamCommands teams, AuditLog audit, TimeProvider time)
{
    /// <summary>How long the old text works beside the new one when nothing is said (xai-api 2.1).</summary>
    public static readonly TimeSpan UsualOverlap = TimeSpan.FromHours(24);

    public static readonly TimeSpan LongestOverlap = TimeSpan.FromDays(7);

    public (ApiKey Key, string Text) Create(Actor actor, string? team, KeySettings settings)
    {
        var owner = teams.Show(actor, team);
        actor.Demand(Right.CreateKey, owner.Id, "create API keys");
        Check(settings);
        var now = time.GetUtcNow();
        (ApiKey Key, string Text) made = (null!, "");
        database.Transact(() =>
        {
            made = keys.New(Apply(new ApiKey(Guid.CreateVersion7(now), owner, settings.Name, "", now, now, Disabled: false) { CreatedBy = actor.Person, ModifiedBy = actor.Person }, settings));
            audit.Write(actor, owner.Id, "keys.create", Object(made.Key), after: State(made.Key));
        });
        keys.Refresh(made.Key.Id);
        return made;
    }

    /// <summary>All of a team's for those who may see all, else their own (xai-api 2.1), oldest first.</summary>
    public IReadOnlyList<ApiKey> List(Actor actor, string? team)
    {
        var owner = teams.Show(actor, team);
        var all = actor.May(Right.SeeAllKeys, owner.Id);
        if (!all)
            actor.Demand(Right.SeeOwnKeys, owner.Id, "see API keys");
        return [.. keys.All().Where(key => key.Team.Id == owner.Id && (all || IsOwn(actor, key)))];
    }

    public ApiKey Show(Actor actor, string id) => Find(actor, id, Right.SeeOwnKeys, Right.SeeAllKeys, "see the key");

    public ApiKey Change(Actor actor, string id, Func<KeySettings, KeySettings> change, string action = "keys.change")
    {
        var key = Find(actor, id, Right.ChangeOwnKey, Right.ChangeAnyKey, "change the key");
        return Write(actor, key, action, current =>
        {
            var settings = change(KeySettings.Of(current));
            Check(settings);
            return Apply(current, settings);
        });
    }

    public ApiKey SetDisabled(Actor actor, string id, bool disabled) =>
        Change(actor, id, settings => settings with { Disabled = disabled }, disabled ? "keys.disable" : "keys.enable");

    /// <summary>The operator's switch, which the key's owner cannot turn.</summary>
    public ApiKey SetBlocked(Actor actor, string id, bool blocked) =>
        Write(actor, Find(actor, id, Right.BlockKey, Right.BlockKey, "block keys"), blocked ? "keys.block" : "keys.unblock", key => key with { Blocked = blocked });

    /// <summary>Gives a key another text; the one before works on for the overlap.</summary>
    /// <param name="overlap">0 to 7 days; null: 24 hours.</param>
    /// <param name="expires">When the key ends; null: as before.</param>
    public (ApiKey Key, string Text, DateTimeOffset OldExpires) Rotate(Actor actor, string id, TimeSpan? overlap = null, DateTimeOffset? expires = null)
    {
        var key = Find(actor, id, Right.ChangeOwnKey, Right.RotateAnyKey, "rotate the key");
        var (now, life) = (time.GetUtcNow(), overlap ?? UsualOverlap);
        if (life < TimeSpan.Zero || life > LongestOverlap)
            throw new CommandException(CommandProblem.Invalid, "The old text of a key works for at most 7 days beside the new one.");
        var (text, oldExpires) = (KeyText.Create(), now + life);
        var rotated = Write(actor, key, "keys.rotate", current =>
        {
            keys.Rows.ForgetOldTexts(now);
            keys.Rows.Rotate(current.Id, KeyDigest.Of(text), oldExpires);
            return current with { Redacted = KeyText.Redact(text), Expires = expires ?? current.Expires };
        });
        return (rotated, text, oldExpires);
    }

    public void Delete(Actor actor, string id)
    {
        var key = Find(actor, id, Right.ChangeOwnKey, Right.DeleteAnyKey, "delete the key");
        database.Transact(() =>
        {
            if (!keys.Rows.Delete(key.Id))
                throw Unknown(id);
            audit.Write(actor, key.Team.Id, "keys.delete", Object(key), before: State(key));
        });
        keys.Refresh(key.Id);
    }

    private ApiKey Write(Actor actor, ApiKey key, string action, Func<ApiKey, ApiKey> change)
    {
        ApiKey? after = null;
        database.Transact(() =>
        {
            // What the database says now: somebody may have changed it since.
            var before = keys.Rows.Find(key.Id)?.Key ?? throw Unknown(key.Id.ToString("D"));
            after = change(before) with { Modified = time.GetUtcNow(), ModifiedBy = actor.Person };
            keys.Rows.Update(after);
            audit.Write(actor, key.Team.Id, action, Object(key), State(before), State(after));
        });
        keys.Refresh(key.Id);
        return after!;
    }

    /// <summary>A key of a team that whoever asks does not know looks like one that is not there.</summary>
    private ApiKey Find(Actor actor, string id, Right own, Right any, string what)
    {
        if (!Guid.TryParse(id, out var parsed) || keys.Find(parsed) is not { } key || !actor.Knows(key.Team.Id))
            throw Unknown(id);
        if (actor.May(any, key.Team.Id))
            return key;
        if (!actor.May(own, key.Team.Id) || !IsOwn(actor, key))
            actor.Demand(any, key.Team.Id, what);
        return key;
    }

    private static bool IsOwn(Actor actor, ApiKey key) => actor.Person is { } person && key.CreatedBy == person;

    private static CommandException Unknown(string id) => new(CommandProblem.NotFound, $"There is no API key {id}.");

    private static void Check(KeySettings settings) => TeamCommands.CheckName(settings.Name, "The key's name");

    private static ApiKey Apply(ApiKey key, KeySettings settings) => key with
    {
        Name = settings.Name,
        Acls = settings.Acls,
        Limits = settings.Limits,
        Budget = settings.Budget,
        Expires = settings.Expires,
        Flavour = settings.Flavour,
        Disabled = settings.Disabled,
    };

    private static string Object(ApiKey key) => $"key:{key.Id:D}";

    private static string State(ApiKey key) => JsonSerializer.Serialize(KeyFacts.Of(key), KeysJson.Default.KeyFacts);
}
