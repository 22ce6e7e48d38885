using System.CommandLine;
using Milliways.Hosting.Configuration;

namespace Milliways.Hosting;

/// <summary><c>milliways config check</c>.</summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var (data, config) = (CommonOptions.Data(), CommonOptions.Config());
        var check = new Command("check", "Check the configuration file: all problems at once, each with its line and a remedy") { data, config };
        check.SetAction(async parsed =>
        {
            var loaded = ConfigFile.Load(CommonOptions.ConfigFile(parsed.GetValue(config)), CommonOptions.DataDirectory(parsed.GetValue(data)), Environment.GetEnvironmentVariable);
            foreach (var warning in loaded.Warnings)
                await Console.Error.WriteLineAsync($"warning: {warning}");
            Console.WriteLine(loaded.File is null ? "No configuration file: the defaults are in effect." : $"{loaded.File} is right.");
            return ExitCode.Done;
        });
        var command = new Command("config", "Look at the configuration") { check };
        return command;
    }
}
