using System.Collections;
using Milliways.Linux;

namespace Milliways.Hosting;

/// <summary>
/// What the runtime reads from the environment before anything of ours runs. The server starts itself once more with it, in the same process; the price is a start of the runtime,
/// some 50 ms.
/// </summary>
internal static class RuntimeSettings
{
    private static readonly (string Name, string Value)[] All =
    [
        // How much is allocated between two collections, in hexadecimal bytes. The runtime takes it from the size of the processor's cache, and where it cannot see that (many
        // virtual machines) it collects every 3 MB, 30 to 50 times a second under load, which costs a tenth of the processor and more.
        ("DOTNET_GCgen0size", "2000000"),
        // How many bytes an array may have, in hexadecimal, to be made and collected as the small ones are. From the runtime's own 85,000 on each prompt of some length made the whole memory
        // be collected soon: prompts of 150 KB cost 2.7 times the processor, those of 1 MB 1.8 times (bench/results/2026-11-27-http1.md).
        ("DOTNET_GCLOHThreshold", "200000"),
        // How many arrays of a size are kept for each processor. With the runtime's own 32 half of 64 requests at a time have theirs made and cleared anew (bench/results/2026-11-27-deferred.md).
        ("DOTNET_SYSTEM_BUFFERS_SHAREDARRAYPOOL_MAXARRAYSPERPARTITION", "128"),
    ];

    /// <summary>Does not return when the program is started anew. What the operator has set stays.</summary>
    public static void Apply(string[] args)
    {
        if (!OperatingSystem.IsLinux() || !IsServer(args) || Environment.ProcessPath is not { } program
            || !Path.GetFileName(program).StartsWith("milliways", StringComparison.Ordinal)) // `dotnet milliways.dll` has a name of its own
            return;
        var missing = Array.FindAll(All, setting => Environment.GetEnvironmentVariable(setting.Name) is null);
        if (missing.Length == 0)
            return;
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value ?? ""));
        RemoveDebuggersFiles();
        ProcessImage.Replace(program, args, environment.Concat(missing.Select(setting => KeyValuePair.Create(setting.Name, setting.Value))));
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
