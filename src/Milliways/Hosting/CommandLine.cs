using System.CommandLine;
using System.CommandLine.Parsing;
using Milliways.Engines;

namespace Milliways.Hosting;

/// <summary>The executable's commands and options. Without a command it means <c>serve</c>.</summary>
internal static class CommandLine
{
    /// <summary>Set to anything, an error that nobody foresaw is told with its stack trace.</summary>
    private const string DetailsVariable = "MILLIWAYS_DETAILS";

    public static async Task<int> RunAsync(string[] args)
    {
        var root = Root();
        var parsed = root.Parse(args.Length == 0 || IsServeOption(args[0]) ? ["serve", .. args] : args);
        if (parsed.Errors.Count > 0)
        {
            // That no command was found says nothing beside the word that is none.
            foreach (var error in parsed.Errors.Skip(parsed.Errors.Count > 1 && parsed.Errors[0].SymbolResult is CommandResult ? 1 : 0))
                await Console.Error.WriteLineAsync($"milliways: {Told(error)}");
            await Console.Error.WriteLineAsync("milliways --help lists the commands and options.");
            return ExitCode.Usage;
        }
        return await GuardAsync(
            () => parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }),
            Console.Error, details: Environment.GetEnvironmentVariable(DetailsVariable) is { Length: > 0 });
    }

    /// <summary>A value of the wrong type is told with what the option takes; the library would name the runtime's type.</summary>
    internal static string Told(ParseError error)
    {
        var (name, type, given) = error.SymbolResult switch
        {
            OptionResult option => (option.Option.Name, option.Option.ValueType, option.Tokens),
            ArgumentResult { Parent: OptionResult option } => (option.Option.Name, option.Option.ValueType, option.Tokens),
            ArgumentResult argument => (argument.Argument.Name, argument.Argument.ValueType, argument.Tokens),
            _ => ("", typeof(string), []),
        };
        type = Nullable.GetUnderlyingType(type) ?? type;
        return !error.Message.Contains($"{nameof(System)}.", StringComparison.Ordinal) || given is not [.., { } last] ? error.Message
            : $"{name} takes {(type == typeof(int) || type == typeof(long) ? "a whole number" : type == typeof(bool) ? "true or false" : $"a value of another kind ({type.Name})")}, not \"{last.Value}\".";
    }

    /// <summary>Runs a command; whatever goes wrong is one sentence and an exit code.</summary>
    /// <param name="details">Tell what nobody foresaw with its stack trace.</param>
    internal static async Task<int> GuardAsync(Func<Task<int>> command, TextWriter errors, bool details)
    {
        try
        {
            return await command();
        }
        catch (UserErrorException error)
        {
            await errors.WriteLineAsync($"milliways: {error.Message}");
            return error.ExitCode;
        }
#pragma warning disable CA1031 // Whatever it is: a stack trace helps nobody who does not know the code.
        catch (Exception unexpected)
#pragma warning restore CA1031
        {
            await errors.WriteLineAsync(details ? $"milliways: {unexpected}"
                : $"milliways: {Sentence(unexpected)}. This was not foreseen: with {DetailsVariable}=1 it says where it happened, for a report.");
            return ExitCode.Failed;
        }
    }

    internal static RootCommand Root()
    {
        var root = new RootCommand("Milliways: a self-hosted, Grok-compatible LLM API and AI gateway. Without a command it means serve.");
        root.Subcommands.Add(ServeCommand.Create());
        root.Subcommands.Add(EngineCommand.Create());
        root.Subcommands.Add(ConfigCommand.Create());
        root.Subcommands.Add(Teams.TeamsCommand.Create());
        root.Subcommands.Add(Teams.MembersCommand.Create());
        root.Subcommands.Add(Keys.KeysCommand.Create());
        root.Subcommands.Add(Keys.LimitsCommand.Create());
        root.Subcommands.Add(Credits.CreditsCommand.Create());
        root.Subcommands.Add(Billing.InvoicesCommand.Create());
        root.Subcommands.Add(Alerts.AlertsCommand.Create());
        root.Subcommands.Add(Teams.AuditCommand.Create());
        root.Subcommands.Add(Logs.LogsCommand.Create());
        root.Subcommands.Add(AdminCommand());
        root.Subcommands.Add(Gateway.Settings.GatewaysCommand.Create());
        root.Subcommands.Add(VersionCommand.Create());
        return root;
    }

    private static Command AdminCommand() => new("admin", "The operator's chores") { Credits.CreditsCommand.Check(), Teams.MembersCommand.ResetPassword() };

    private static string Sentence(Exception error) => string.Join(' ', error.Message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).TrimEnd('.');

    /// <summary><c>milliways --urls ...</c> is <c>milliways serve --urls ...</c>.</summary>
    private static bool IsServeOption(string word) =>
        word.StartsWith('-') && word is not ("--help" or "-h" or "-?" or "--version");
}
