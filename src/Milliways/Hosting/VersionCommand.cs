using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using Milliways.Engine;

namespace Milliways.Hosting;

/// <summary><c>milliways version</c>: version, commit, runtime, llama.cpp.</summary>
internal static class VersionCommand
{
    public static Command Create()
    {
        var json = CommonOptions.Json();
        var command = new Command("version", "Print version, commit, runtime and llama.cpp") { json };
        command.SetAction(parsed =>
        {
            var (version, commit) = Ours();
            var llama = Llama();
            Console.WriteLine(parsed.GetValue(json)
                ? $$"""{"version":"{{version}}","commit":"{{commit}}","runtime":"{{RuntimeInformation.FrameworkDescription}}","llama_cpp":"{{llama}}"}"""
                : $"Milliways {version} ({commit}), {RuntimeInformation.FrameworkDescription}, llama.cpp {llama}");
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The version and the commit it was built from, as the build wrote them.</summary>
    public static (string Version, string Commit) Ours()
    {
        var text = Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
        var plus = text.IndexOf('+', StringComparison.Ordinal);
        return plus < 0 ? (text, "unknown") : (text[..plus], text[(plus + 1)..][..Math.Min(12, text.Length - plus - 1)]);
    }

    private static string Llama()
    {
        try
        {
            return EngineLibrary.Load().Version;
        }
        catch (EngineException)
        {
            return "not available";
        }
    }
}
