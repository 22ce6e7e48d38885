using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Milliways.Hosting.Configuration;

namespace Milliways.Hosting;

/// <summary>What <c>config check --json</c> prints.</summary>
/// <param name="Ok">The file can be used.</param>
/// <param name="Problems">Each with its file, line, member and remedy.</param>
/// <param name="Warnings">What is read and has no effect.</param>
/// <param name="File">Null: there is none, and the defaults are in effect.</param>
internal sealed record ConfigCheck(bool Ok, IReadOnlyList<string> Problems, IReadOnlyList<string> Warnings, string? File);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ConfigCheck))]
internal sealed partial class ConfigCheckJson : JsonSerializerContext;

/// <summary><c>milliways config check</c>.</summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var (data, config, json) = (CommonOptions.Data(), CommonOptions.Config(), CommonOptions.Json());
        var check = new Command("check", "Check the configuration file: all problems at once, each with its line and a remedy") { data, config, json };
        check.SetAction(async parsed =>
        {
            var (named, directory) = (CommonOptions.ConfigFile(parsed.GetValue(config)), CommonOptions.DataDirectory(parsed.GetValue(data)));
            try
            {
                var loaded = ConfigFile.Load(named, directory, Environment.GetEnvironmentVariable);
                if (parsed.GetValue(json))
                {
                    Print(new ConfigCheck(Ok: true, [], loaded.Warnings, loaded.File));
                    return ExitCode.Done;
                }
                foreach (var warning in loaded.Warnings)
                    await Console.Error.WriteLineAsync($"warning: {warning}");
                Console.WriteLine(loaded.File is null ? "No configuration file: the defaults are in effect." : $"{loaded.File} is right.");
                return ExitCode.Done;
            }
            catch (UserErrorException wrong) when (parsed.GetValue(json) && wrong.Problems.Count > 0)
            {
                Print(new ConfigCheck(Ok: false, wrong.Problems, [], ConfigFile.Find(named, directory)));
                throw; // for people it is told as without --json
            }
        });
        var command = new Command("config", "Look at the configuration") { check };
        return command;
    }

    private static void Print(ConfigCheck check) => Console.WriteLine(JsonSerializer.Serialize(check, ConfigCheckJson.Default.ConfigCheck));
}
