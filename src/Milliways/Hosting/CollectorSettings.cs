using System.Collections;
using Milliways.Linux;

namespace Milliways.Hosting;

/// <summary>
/// The one setting of the garbage collector that must be in the environment before the runtime starts: how much is allocated between two collections. The runtime
/// takes it from the size of the processor's cache, and where it cannot see that (many virtual machines) it collects every 3 MB, 30 to 50 times a second under
/// load, which costs a tenth of the processor and more. So the server starts itself once more with it, in the same process; the price is a start of the
/// runtime, some 50 ms.
/// </summary>
internal static class CollectorSettings
{
    /// <summary>As the runtime reads it: bytes, in hexadecimal.</summary>
    private const string Variable = "DOTNET_GCgen0size", Between = "2000000";

    /// <summary>Does not return when the program is started anew. What the operator has set stays.</summary>
    public static void Apply(string[] args)
    {
        if (!OperatingSystem.IsLinux() || !IsServer(args) || Environment.GetEnvironmentVariable(Variable) is not null || Environment.ProcessPath is not { } program
            || !Path.GetFileName(program).StartsWith("milliways", StringComparison.Ordinal)) // `dotnet milliways.dll` has a name of its own
            return;
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value ?? ""));
        RemoveDebuggersFiles();
        ProcessImage.Replace(program, args, environment.Append(KeyValuePair.Create(Variable, Between)));
    }

    /// <summary>What the runtime has put there for debuggers bears the number of the process, and would be in the way of the next one.</summary>
    private static void RemoveDebuggersFiles()
    {
        try
        {
            foreach (var name in new[] { $"dotnet-diagnostic-{Environment.ProcessId}-*-socket", $"clr-debug-pipe-{Environment.ProcessId}-*" })
                foreach (var left in Directory.GetFiles(Path.GetTempPath(), name))
                    File.Delete(left);
        }
        catch (Exception none) when (none is IOException or UnauthorizedAccessException)
        {
            // No such folder, or not ours: then there is nothing of the runtime's in it either.
        }
    }

    /// <summary>Without a command it means serve (<see cref="CommandLine"/>).</summary>
    private static bool IsServer(string[] args) => args is [] or ["serve", ..] || (args[0].StartsWith("--", StringComparison.Ordinal) && args[0] is not ("--help" or "--version"));
}
