using System.CommandLine;
using Milliways.Hosting;
using Milliways.Hosting.Admin;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary><c>milliways keys</c>, on a data directory whose server may be running: what it changes is in effect there at once.</summary>
internal static class KeysCommand
{
    private const string Examples = """
        Make, list and change API keys.

        Examples:
          milliways keys create --name laptop
          milliways keys create --name ci --models grok-beta --endpoints chat,models --requests-per-minute 60 --budget 25.00 --expires 30d
          milliways keys rotate ID --overlap 24h
          milliways keys disable ID
          milliways keys create-management --name terraform --endpoints ListApiKeys,CreateApiKey
        """;

    public static Command Create() => new("keys", Examples)
    {
        CreateKey(), List(), Show(), Set(), Rotate(),
        One("disable", "Refuse the key until it is enabled", KeyAdmin.Disable), One("enable", "Take it again", KeyAdmin.Enable),
        One("block", "Refuse the key, whatever its owner does", KeyAdmin.Block), One("unblock", "Leave it to its owner again", KeyAdmin.Unblock),
        Delete("delete", "Delete an API key: it is refused at once", KeyAdmin.Delete),
        CreateManagement(), ListManagement(), Delete("delete-management", "Delete a management key", ManagementKeyAdmin.Delete),
    };

    private static Command CreateKey()
    {
        var (options, limits, team) = (DoorOptions.Create(), new LimitOptions(canTakeAway: false), TeamOptions.Team());
        var (models, endpoints, budget, expires) = (Models(), Endpoints(), Budget(), Expires());
        var name = new Option<string>("--name") { Description = "What the key is for", HelpName = "NAME", Required = true };
        var flavour = CommonOptions.Flavour("How errors, tool calls and usage look to this key, whatever the path says: xai or openai");
        var create = options.Command("create", "Make an API key; its text is shown this once", [name, team, models, endpoints, budget, expires, flavour, .. limits.Symbols]);
        create.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, KeyAdmin.Create, new CreateKey(parsed.GetValue(team), parsed.GetValue(name)!)
        {
            Models = List(parsed.GetValue(models)),
            Endpoints = List(parsed.GetValue(endpoints)),
            Limits = limits.Facts(parsed),
            Budget = parsed.GetValue(budget),
            Expires = parsed.GetValue(expires),
            Flavour = parsed.GetValue(flavour),
        }, key => Console.WriteLine(key.Key)));
        return create;
    }

    private static Command List()
    {
        var (options, team) = (DoorOptions.Create(), TeamOptions.Team());
        var list = options.Command("list", "List the API keys, without their texts", team);
        list.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, KeyAdmin.ListAll, new TeamRef(parsed.GetValue(team)), keys =>
        {
            foreach (var key in keys)
                Console.WriteLine($"{key.Id}  {key.RedactedKey}  {key.Created:yyyy-MM-dd HH:mm}  {State(key),-8}  {key.Name}");
        }));
        return list;
    }

    private static Command Show()
    {
        var (options, id) = (DoorOptions.Create(), Id());
        var show = options.Command("show", "Show an API key, without its text", id);
        show.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, KeyAdmin.Show, new KeyRef(parsed.GetValue(id)!), Print));
        return show;
    }

    private static Command Set()
    {
        var (options, id, models, endpoints, budget, expires) = (DoorOptions.Create(), Id(), Models(), Endpoints(), Budget(), Expires());
        var name = new Option<string?>("--name") { Description = "Another name", HelpName = "NAME" };
        var flavour = new Option<string?>("--flavour") { Description = "xai, openai, or none for what each path says", HelpName = "FLAVOUR" };
        var set = options.Command("set", "Change an API key; what is not named stays. Its limits: milliways limits set --key ID", id, name, models, endpoints, budget, expires, flavour);
        set.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, KeyAdmin.Set, new ChangeKey(parsed.GetValue(id)!)
        {
            Name = parsed.GetValue(name),
            Models = List(parsed.GetValue(models)),
            Endpoints = List(parsed.GetValue(endpoints)),
            Budget = parsed.GetValue(budget),
            Expires = parsed.GetValue(expires),
            Flavour = parsed.GetValue(flavour),
        }, Print));
        return set;
    }

    private static Command Rotate()
    {
        var (options, id, expires) = (DoorOptions.Create(), Id(), Expires());
        var overlap = new Option<string?>("--overlap") { Description = "How long the old text works on: 0s to 7d; 24h when nothing is said", HelpName = "TIME" };
        var rotate = options.Command("rotate", "Give an API key another text, which is shown this once", id, overlap, expires);
        rotate.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, KeyAdmin.Rotate, new RotateKey(parsed.GetValue(id)!, parsed.GetValue(overlap), parsed.GetValue(expires)),
            key => Console.WriteLine(key.Key)));
        return rotate;
    }

    private static Command CreateManagement()
    {
        var (options, team, expires) = (DoorOptions.Create(), TeamOptions.Team(), Expires());
        var name = new Option<string>("--name") { Description = "What the key is for", HelpName = "NAME", Required = true };
        var endpoints = new Option<string?>("--endpoints") { Description = $"What it may do, commas between: {string.Join(", ", Rights.Endpoints)}; all when nothing is said", HelpName = "A,B" };
        var create = options.Command("create-management", "Make a key for the management API; its text is shown this once", name, team, endpoints, expires);
        create.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, ManagementKeyAdmin.Create,
            new CreateManagementKey(parsed.GetValue(team), parsed.GetValue(name)!, List(parsed.GetValue(endpoints)), parsed.GetValue(expires)), key => Console.WriteLine(key.Key)));
        return create;
    }

    private static Command ListManagement()
    {
        var (options, team) = (DoorOptions.Create(), TeamOptions.Team());
        var list = options.Command("list-management", "List the management keys, without their texts", team);
        list.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, ManagementKeyAdmin.ListAll, new TeamRef(parsed.GetValue(team)), keys =>
        {
            foreach (var key in keys)
                Console.WriteLine($"{key.Id}  {key.RedactedKey}  {key.Created:yyyy-MM-dd HH:mm}  {key.Name}  {string.Join(' ', key.Acls)}");
        }));
        return list;
    }

    private static Command One(string name, string description, AdminCommand<KeyRef, KeyFacts> command)
    {
        var (options, id) = (DoorOptions.Create(), Id());
        var one = options.Command(name, description, id);
        one.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, command, new KeyRef(parsed.GetValue(id)!), Print));
        return one;
    }

    private static Command Delete(string name, string description, AdminCommand<KeyRef, Done> command)
    {
        var (options, id) = (DoorOptions.Create(), Id());
        var delete = options.Command(name, description, id);
        delete.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, command, new KeyRef(parsed.GetValue(id)!), _ => Console.WriteLine("deleted")));
        return delete;
    }

    private static Argument<string> Id() => new("id") { Description = "The key's id, as keys list shows it" };

    private static Option<string?> Models() => new("--models") { Description = "Models it may call, commas between; all when nothing is said", HelpName = "A,B" };

    private static Option<string?> Endpoints() => new("--endpoints")
    {
        Description = $"Endpoints it may call, commas between: {string.Join(", ", KeyAcls.Names.Select(row => row.Name))}; all when nothing is said",
        HelpName = "A,B",
    };

    private static Option<string?> Budget() => new("--budget") { Description = "Dollars that it may spend in a calendar month, such as 25.00", HelpName = "USD" };

    private static Option<string?> Expires() => new("--expires") { Description = "When it ends: a duration such as 30d, or a time", HelpName = "TIME" };

    private static List<string>? List(string? given) => given is null ? null : [.. given.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private static string State(KeyFacts key) => key.Blocked ? "blocked" : key.Disabled ? "disabled" : key.Expires <= TimeProvider.System.GetUtcNow() ? "expired" : "active";

    private static void Print(KeyFacts key)
    {
        Console.WriteLine($"{key.Name}\n  id         {key.Id}\n  key        {key.RedactedKey}\n  team       {key.Team}\n  state      {State(key)}\n  created    {key.Created:yyyy-MM-dd HH:mm}");
        Console.WriteLine($"  last used  {(key.LastUsed is { } used ? $"{used:yyyy-MM-dd HH:mm}" : "never")}\n  expires    {(key.Expires is { } expires ? $"{expires:yyyy-MM-dd HH:mm}" : "never")}");
        Console.WriteLine($"  limits     {key.Limits}\n  budget     {(key.Budget is null ? "none of its own" : key.Budget + " USD a month")}\n  acls       {string.Join("\n             ", key.Acls)}");
    }
}
