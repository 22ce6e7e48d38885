using Milliways.Hosting.Admin;
using Milliways.Hosting.Configuration;
using Milliways.Limits;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary>API keys in the registry of commands.</summary>
internal sealed class KeyAdmin(KeyCommands keys, TimeProvider time) : IAdminCommandSet
{
    public static readonly AdminCommand<CreateKey, CreatedKey> Create = new("keys create", KeysJson.Default.CreateKey, KeysJson.Default.CreatedKey);
    public static readonly AdminCommand<TeamRef, KeyFacts[]> ListAll = new("keys list", KeysJson.Default.TeamRef, KeysJson.Default.KeyFactsArray);
    public static readonly AdminCommand<KeyRef, KeyFacts> Show = new("keys show", KeysJson.Default.KeyRef, KeysJson.Default.KeyFacts);
    public static readonly AdminCommand<ChangeKey, KeyFacts> Set = new("keys set", KeysJson.Default.ChangeKey, KeysJson.Default.KeyFacts);
    public static readonly AdminCommand<RotateKey, CreatedKey> Rotate = new("keys rotate", KeysJson.Default.RotateKey, KeysJson.Default.CreatedKey);
    public static readonly AdminCommand<KeyRef, KeyFacts> Disable = new("keys disable", KeysJson.Default.KeyRef, KeysJson.Default.KeyFacts);
    public static readonly AdminCommand<KeyRef, KeyFacts> Enable = new("keys enable", KeysJson.Default.KeyRef, KeysJson.Default.KeyFacts);
    public static readonly AdminCommand<KeyRef, KeyFacts> Block = new("keys block", KeysJson.Default.KeyRef, KeysJson.Default.KeyFacts);
    public static readonly AdminCommand<KeyRef, KeyFacts> Unblock = new("keys unblock", KeysJson.Default.KeyRef, KeysJson.Default.KeyFacts);
    public static readonly AdminCommand<KeyRef, Done> Delete = new("keys delete", KeysJson.Default.KeyRef, KeysJson.Default.Done);

    public void AddTo(AdminCommands commands)
    {
        commands.Add(Create, (actor, request) =>
        {
            var (key, text) = keys.Create(actor, request.Team, new KeySettings(request.Name)
            {
                Acls = KeyWords.Acls(request.Models, request.Endpoints),
                Limits = request.Limits?.ToLimits() ?? LimitSet.None,
                Budget = KeyWords.Budget(request.Budget),
                Expires = KeyWords.Expiry(request.Expires, time.GetUtcNow()),
                Flavour = KeyWords.FlavourOf(request.Flavour),
            });
            return new CreatedKey(key.Id.ToString("D"), text, key.Name, key.Team.Account) { Expires = key.Expires };
        });
        commands.Add(ListAll, (actor, request) => keys.List(actor, request.Team).Select(KeyFacts.Of).ToArray());
        commands.Add(Show, (actor, request) => KeyFacts.Of(keys.Show(actor, request.Id)));
        commands.Add(Set, (actor, request) => KeyFacts.Of(keys.Change(actor, request.Id, settings => settings with
        {
            Name = request.Name ?? settings.Name,
            Acls = KeyWords.With(settings.Acls, request.Models, request.Endpoints),
            Budget = request.Budget is null ? settings.Budget : KeyWords.Budget(request.Budget),
            Expires = request.Expires is null ? settings.Expires : KeyWords.Expiry(request.Expires, time.GetUtcNow()),
            Flavour = request.Flavour is null ? settings.Flavour : KeyWords.FlavourOf(request.Flavour),
        })));
        commands.Add(Rotate, (actor, request) =>
        {
            var (key, text, oldExpires) = keys.Rotate(actor, request.Id, Overlap(request.Overlap), KeyWords.Expiry(request.Expires, time.GetUtcNow()));
            return new CreatedKey(key.Id.ToString("D"), text, key.Name, key.Team.Account) { Expires = key.Expires, OldKeyExpires = oldExpires };
        });
        commands.Add(Disable, (actor, request) => KeyFacts.Of(keys.SetDisabled(actor, request.Id, disabled: true)));
        commands.Add(Enable, (actor, request) => KeyFacts.Of(keys.SetDisabled(actor, request.Id, disabled: false)));
        commands.Add(Block, (actor, request) => KeyFacts.Of(keys.SetBlocked(actor, request.Id, blocked: true)));
        commands.Add(Unblock, (actor, request) => KeyFacts.Of(keys.SetBlocked(actor, request.Id, blocked: false)));
        commands.Add(Delete, (actor, request) =>
        {
            keys.Delete(actor, request.Id);
            return new Done();
        });
    }

    private static TimeSpan? Overlap(string? text) => text is null ? null
        : Durations.TryParse(text, out var overlap) ? overlap
        : throw new CommandException(CommandProblem.Invalid, $"overlap: \"{text}\" is no duration: write a number and a unit, such as \"0s\", \"24h\" or \"7d\".");
}
