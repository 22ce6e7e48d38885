using System.CommandLine;
using Milliways.Hosting;
using Milliways.Hosting.Admin;
using Milliways.Teams;

namespace Milliways.Gateway.Settings;

/// <summary><c>milliways gateways</c>, on a data directory whose server may be running: what it changes is in effect there at once.</summary>
internal static class GatewaysCommand
{
    private const string Examples = """
        Make, list and change a team's gateways, the provider keys stored for them, and providers of its own.

        Examples:
          milliways gateways create search --rate-limit 100 --rate-interval 60
          milliways gateways set default --flavour openai
          milliways gateways keys add --provider openai --key env:OPENAI_API_KEY
          milliways gateways providers add lab --base-url https://llm.example.org
        """;

    public static Command Create() => new("gateways", Examples)
    {
        Change("create", "Make a gateway", GatewayAdmin.Create, isNew: true), List(), Show(), Change("set", "Change a gateway; what is not named stays", GatewayAdmin.Set, isNew: false), Delete(),
        new Command("keys", "Provider keys that are stored for a gateway, and used where a request brings none") { AddKey(), ListKeys(), RemoveKey() },
        new Command("providers", "Providers of the team's own; their paths and models begin with custom-SLUG") { AddProvider(), ListProviders(), RemoveProvider() },
    };

    private static Command Change(string verb, string description, AdminCommand<ChangeGateway, GatewayFacts> command, bool isNew)
    {
        var (options, team) = (DoorOptions.Create(), TeamOptions.Team());
        var name = isNew ? new Argument<string>("name") { Description = "1 to 64 of a to z, 0 to 9, - and _" } : Name();
        var flavour = Words("--flavour", "How errors, tool calls and usage look there: xai, openai, or path for what each path says; a key's own flavour counts more", "xai", "openai", "path");
        var authentication = OnOff("--authentication", "Whether a request needs a token of the team's; off is an open gateway, for callers with provider keys of their own");
        var logs = OnOff("--collect-logs", "Whether requests are logged");
        var payloads = Words("--payloads", "Whether log entries keep the bodies: none, full, or default for what the configuration says", "none", "full", "default");
        var logManagement = Number("--log-management", "How many log entries are kept, 10000 to 10000000; 0: as the configuration says");
        var strategy = Words("--log-management-strategy", "What happens then: STOP_INSERTING or DELETE_OLDEST", "STOP_INSERTING", "DELETE_OLDEST");
        var rate = Number("--rate-limit", "Requests in an interval; 0 switches the limit off");
        var interval = Number("--rate-interval", "The interval in seconds; 60 when nothing is said");
        var technique = Words("--rate-technique", "fixed: intervals of the clock; sliding: no stretch of that length holds more", "fixed", "sliding");
        var attempts = Number("--max-attempts", "Tries of a request, 1 to 5; 0: one");
        var delay = Number("--retry-delay", "Milliseconds before another try, 0 to 60000");
        var backoff = Words("--backoff", "How the delay grows: constant, linear or exponential", "constant", "linear", "exponential");
        var timeout = Number("--request-timeout", "Milliseconds until the first part of an answer; 0: as the upstream has it");
        var byok = OnOff("--byok-only", "Whether only keys that callers send or have stored are used, never the operator's");
        var change = options.Command(verb, description, name, team, flavour, authentication, logs, payloads, logManagement, strategy, rate, interval, technique, attempts, delay, backoff, timeout, byok);
        change.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, command, new ChangeGateway(parsed.GetValue(team), parsed.GetValue(name)!)
        {
            Flavour = parsed.GetValue(flavour),
            Authentication = IsOn(parsed.GetValue(authentication)),
            CollectLogs = IsOn(parsed.GetValue(logs)),
            Payloads = parsed.GetValue(payloads),
            LogManagement = parsed.GetValue(logManagement),
            LogManagementStrategy = parsed.GetValue(strategy),
            RateLimitingLimit = parsed.GetValue(rate),
            RateLimitingInterval = parsed.GetValue(interval),
            RateLimitingTechnique = parsed.GetValue(technique),
            RetryMaxAttempts = parsed.GetValue(attempts),
            RetryDelay = parsed.GetValue(delay),
            RetryBackoff = parsed.GetValue(backoff),
            RequestTimeout = parsed.GetValue(timeout),
            ByokOnly = IsOn(parsed.GetValue(byok)),
        }, Print));
        return change;
    }

    private static Command List()
    {
        var (options, team) = (DoorOptions.Create(), TeamOptions.Team());
        var list = options.Command("list", "List the team's gateways", team);
        list.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, GatewayAdmin.ListAll, new TeamRef(parsed.GetValue(team)), all =>
        {
            foreach (var gateway in all)
                Console.WriteLine($"{gateway.Name,-20}  {(gateway.Authentication ? "needs a token" : "open"),-13}  {(gateway.CollectLogs ? "logs" : "no logs")}");
        }));
        return list;
    }

    private static Command Show()
    {
        var (options, team, name) = (DoorOptions.Create(), TeamOptions.Team(), Name());
        var show = options.Command("show", "What is set for a gateway", name, team);
        show.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, GatewayAdmin.Show, new GatewayRef(parsed.GetValue(team), parsed.GetValue(name)!), Print));
        return show;
    }

    private static Command Delete()
    {
        var (options, team) = (DoorOptions.Create(), TeamOptions.Team());
        var name = new Argument<string>("name") { Description = "The gateway; \"default\" comes back as it was at first" };
        var delete = options.Command("delete", "Delete a gateway and the keys stored for it", name, team);
        delete.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, GatewayAdmin.Delete, new GatewayRef(parsed.GetValue(team), parsed.GetValue(name)!), _ => Console.WriteLine("deleted")));
        return delete;
    }

    private static Command AddKey()
    {
        var (options, team, gateway) = (DoorOptions.Create(), TeamOptions.Team(), Gateway());
        var provider = new Option<string>("--provider") { Description = "The provider's slug, as its paths begin", HelpName = "SLUG", Required = true };
        var alias = new Option<string?>("--alias") { Description = "The name by which cf-aig-byok-alias asks for it; default when nothing is said", HelpName = "NAME" };
        var isDefault = new Option<bool>("--default") { Description = "Used when a request names no alias" };
        var key = new Option<string?>("--key") { Description = "The key, env:NAME or file:PATH; standard input when nothing is said", HelpName = "KEY" };
        var add = options.Command("add", "Store a provider's key, sealed; it is shown to nobody again", team, gateway, provider, alias, isDefault, key);
        add.SetAction(async (parsed, cancel) => await AdminDoor.RunAsync(parsed, options, GatewayAdmin.AddKey, new AddStoredKey(
            parsed.GetValue(team), parsed.GetValue(gateway)!, parsed.GetValue(provider)!, parsed.GetValue(alias), parsed.GetValue(isDefault) ? true : null, await SecretAsync(parsed.GetValue(key), cancel)), Print));
        return add;
    }

    private static Command ListKeys()
    {
        var (options, team, gateway) = (DoorOptions.Create(), TeamOptions.Team(), Gateway());
        var list = options.Command("list", "List a gateway's stored keys, without the keys", team, gateway);
        list.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, GatewayAdmin.ListKeys, new GatewayRef(parsed.GetValue(team), parsed.GetValue(gateway)!), keys =>
        {
            foreach (var key in keys)
                Print(key);
        }));
        return list;
    }

    private static Command RemoveKey()
    {
        var (options, team) = (DoorOptions.Create(), TeamOptions.Team());
        var id = new Argument<string>("id") { Description = "The stored key's id, as keys list shows it" };
        var remove = options.Command("remove", "Forget a stored key", id, team);
        remove.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, GatewayAdmin.RemoveKey, new StoredKeyRef(parsed.GetValue(team), parsed.GetValue(id)!), _ => Console.WriteLine("removed")));
        return remove;
    }

    private static Command AddProvider()
    {
        var (options, team) = (DoorOptions.Create(), TeamOptions.Team());
        var slug = Slug();
        var name = new Option<string?>("--name") { Description = "What it is called; its slug when nothing is said", HelpName = "NAME" };
        var baseUrl = new Option<string?>("--base-url") { Description = "An https address: what stands behind custom-SLUG/ in a path is put behind it", HelpName = "URL" };
        var enabled = OnOff("--enabled", "Whether it is served");
        var add = options.Command("add", "Add a provider, or change the one with this slug", slug, team, name, baseUrl, enabled);
        add.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, GatewayAdmin.AddProvider,
            new AddCustomProvider(parsed.GetValue(team), parsed.GetValue(slug)!, parsed.GetValue(name), parsed.GetValue(baseUrl), IsOn(parsed.GetValue(enabled))), Print));
        return add;
    }

    private static Command ListProviders()
    {
        var (options, team) = (DoorOptions.Create(), TeamOptions.Team());
        var list = options.Command("list", "List the team's own providers", team);
        list.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, GatewayAdmin.ListProviders, new TeamRef(parsed.GetValue(team)), providers =>
        {
            foreach (var provider in providers)
                Print(provider);
        }));
        return list;
    }

    private static Command RemoveProvider()
    {
        var (options, team, slug) = (DoorOptions.Create(), TeamOptions.Team(), Slug());
        var remove = options.Command("remove", "Forget a provider", slug, team);
        remove.SetAction((parsed, _) => AdminDoor.RunAsync(parsed, options, GatewayAdmin.RemoveProvider, new CustomProviderRef(parsed.GetValue(team), parsed.GetValue(slug)!), _ => Console.WriteLine("removed")));
        return remove;
    }

    /// <exception cref="UserErrorException">There is none where it was said to be.</exception>
    private static async Task<string> SecretAsync(string? given, CancellationToken cancel)
    {
        if (given is null)
            return await Console.In.ReadToEndAsync(cancel);
        if (given.StartsWith("env:", StringComparison.Ordinal))
            return Environment.GetEnvironmentVariable(given[4..]) is { Length: > 0 } value ? value
                : throw new UserErrorException($"--key: the environment variable {given[4..]} is not set.", ExitCode.Usage);
        if (!given.StartsWith("file:", StringComparison.Ordinal))
            return given;
        try
        {
            return await File.ReadAllTextAsync(given[5..], cancel);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"--key: {given[5..]} cannot be read ({unreadable.Message.TrimEnd('.')}).", ExitCode.Usage, unreadable);
        }
    }

    private static Argument<string> Name() => new("name") { Description = "The gateway; every team has one, \"default\"", DefaultValueFactory = _ => GatewaySettings.Default };

    private static Option<string> Gateway() => new("--gateway") { Description = "The gateway; \"default\" when nothing is said", HelpName = "NAME", DefaultValueFactory = _ => GatewaySettings.Default };

    private static Argument<string> Slug() => new("slug") { Description = "The provider's slug, with or without custom- before it" };

    private static Option<string?> Words(string name, string description, params string[] words)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = name[2..].ToUpperInvariant() };
        option.AcceptOnlyFromAmong(words);
        return option;
    }

    private static Option<string?> OnOff(string name, string description)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = "on|off" };
        option.AcceptOnlyFromAmong("on", "off");
        return option;
    }

    private static Option<int?> Number(string name, string description) => new(name) { Description = description, HelpName = "N" };

    private static bool? IsOn(string? word) => word switch { "on" => true, "off" => false, _ => null };

    private static void Print(GatewayFacts gateway)
    {
        Console.WriteLine($"{gateway.Team}/{gateway.Name}");
        Console.WriteLine($"  flavour          {gateway.Flavour ?? "as the path says"}\n  authentication   {(gateway.Authentication ? "on" : "off: an open gateway")}");
        Console.WriteLine($"  logs             {(gateway.CollectLogs ? $"on, bodies {gateway.Payloads ?? "as the configuration says"}" : "off")}");
        if (gateway.LogManagement is not null || gateway.LogManagementStrategy is not null)
            Console.WriteLine($"  log management   {gateway.LogManagement?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "as the configuration says"} {gateway.LogManagementStrategy}");
        Console.WriteLine($"  rate limit       {(gateway.RateLimitingLimit is null ? "none" : $"{gateway.RateLimitingLimit} in {gateway.RateLimitingInterval} s, {gateway.RateLimitingTechnique}")}");
        Console.WriteLine($"  tries            {gateway.RetryMaxAttempts ?? 1}{(gateway.RetryDelay is null ? "" : $", {gateway.RetryDelay} ms apart, {gateway.RetryBackoff ?? "constant"}")}");
        Console.WriteLine($"  request timeout  {(gateway.RequestTimeout is null ? "as the upstream has it" : $"{gateway.RequestTimeout} ms")}\n  provider keys    {(gateway.ByokOnly ? "of callers and stored ones only" : "the operator's too")}");
    }

    private static void Print(StoredKeyFacts key) =>
        Console.WriteLine($"{key.Id}  {key.Provider,-18}  {key.Alias,-16}  {(key.DefaultConfig ? "default" : "       ")}  {key.SecretPreview}");

    private static void Print(CustomProviderFacts provider) =>
        Console.WriteLine($"custom-{provider.Slug,-18}  {(provider.Enable ? "enabled" : "disabled"),-8}  {provider.BaseUrl}  {provider.Name}");
}
