using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Milliways.Dialects.Chat;
using Milliways.Hosting;
using Milliways.Storage;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary><c>milliways keys create|list</c> on a data directory whose server may be running: the server takes changes over within a second.</summary>
internal static class KeysCommand
{
    public static Command Create()
    {
        var (data, address, json) = (CommonOptions.Data(), CommonOptions.Database(), CommonOptions.Json());
        var name = new Option<string>("--name") { Description = "What the key is for", HelpName = "NAME", Required = true };
        var flavour = CommonOptions.Flavour("How errors, tool calls and usage look to this key, whatever the path says: xai or openai");
        var create = new Command("create", "Make an API key; its text is shown this once") { data, address, json, name, flavour };
        create.SetAction(parsed =>
        {
            using var database = Open(parsed.GetValue(data), parsed.GetValue(address));
            var teams = new TeamStore(database, TimeProvider.System);
            var (key, text) = new KeyStore(database, teams, TimeProvider.System).Create(First(teams), parsed.GetValue(name)!, CommonOptions.ReadFlavour(parsed.GetValue(flavour)));
            Console.WriteLine(parsed.GetValue(json)
                ? JsonSerializer.Serialize(new CreatedKey(key.Id.ToString("D"), text, key.Name, key.Team.Account), KeysJson.Default.CreatedKey)
                : text);
            return ExitCode.Done;
        });
        var list = new Command("list", "List the API keys, without their texts") { data, address, json };
        list.SetAction(parsed =>
        {
            using var database = Open(parsed.GetValue(data), parsed.GetValue(address));
            var keys = new KeyStore(database, new TeamStore(database, TimeProvider.System), TimeProvider.System).All();
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize([.. keys.Select(ListedKey.Of)], KeysJson.Default.ListedKeyArray));
            else
                foreach (var key in keys)
                    Console.WriteLine($"{key.Id:D}  {key.Redacted}  {key.Created:yyyy-MM-dd HH:mm}  {key.Name}");
            return ExitCode.Done;
        });
        return new Command("keys", "Make and list API keys") { create, list };
    }

    internal static LedgerDatabase Open(string? data, string? database)
    {
        var address = CommonOptions.Database(database, data);
        return address.Postgres is not null || File.Exists(Path.Combine(address.Directory, "ledger.db"))
            ? LedgerDatabase.Open(address)
            : throw new UserErrorException($"There is no installation in {address.Directory}: start the server once, or name another directory with --data.");
    }

    internal static Team First(TeamStore teams) =>
        teams.All() is [var team, ..] ? team : throw new UserErrorException("The installation has no team yet: start the server once.");
}

internal sealed record CreatedKey(string Id, string Key, string Name, string Team);

internal sealed record ListedKey(string Id, string RedactedKey, string Name, string Team, DateTimeOffset Created, bool Disabled, string? Flavour)
{
    public static ListedKey Of(ApiKey key) => new(key.Id.ToString("D"), key.Redacted, key.Name, key.Team.Account, key.Created, key.Disabled, key.Flavour?.Word());
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CreatedKey))]
[JsonSerializable(typeof(ListedKey[]))]
internal sealed partial class KeysJson : JsonSerializerContext;
