using System.CommandLine;
using System.CommandLine.Parsing;
using Milliways.Engines;

namespace Milliways.Hosting;

/// <summary>The executable's commands and options. Without a command it means <c>serve</c>.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(string[] args)
    {
        var root = Root();
        var parsed = root.Parse(args.Length == 0 || IsServeOption(args[0]) ? ["serve", .. args] : args);
        if (parsed.Errors.Count > 0)
        {
            // That no command was found says nothing beside the word that is none.
            foreach (var error in parsed.Errors.Skip(parsed.Errors.Count > 1 && parsed.Errors[0].SymbolResult is CommandResult ? 1 : 0))
                await Console.Error.WriteLineAsync($"milliways: {error.Message}");
            await Console.Error.WriteLineAsync("milliways --help lists the commands and options.");
            return ExitCode.Usage;
        }
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (UserErrorException error)
        {
            await Console.Error.WriteLineAsync($"milliways: {error.Message}");
            return error.ExitCode;
        }
    }

    internal static RootCommand Root()
    {
        var root = new RootCommand("Milliways: a self-hosted, Grok-compatible LLM API and AI gateway. Without a command it means serve.");
        root.Subcommands.Add(ServeCommand.Create());
        root.Subcommands.Add(EngineCommand.Create());
        root.Subcommands.Add(ConfigCommand.Create());
        root.Subcommands.Add(Keys.KeysCommand.Create());
        root.Subcommands.Add(Gateway.GatewaysCommand.Create());
        root.Subcommands.Add(VersionCommand.Create());
        return root;
    }

    /// <summary><c>milliways --urls ...</c> is <c>milliways serve --urls ...</c>.</summary>
    private static bool IsServeOption(string word) =>
        word.StartsWith('-') && word is not ("--help" or "-h" or "-?" or "--version");
}
