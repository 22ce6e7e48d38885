using System.Runtime.InteropServices;

namespace Milliways.Linux;

/// <summary>The program that a process runs.</summary>
public static partial class ProcessImage
{
    /// <summary>
    /// Starts a program in the place of this one: the process, its number, its streams and its limits stay (execve(2)). Only for the first lines of a program, before it has
    /// anything to lose. Returns when it could not be done.
    /// </summary>
    /// <param name="program">Its path.</param>
    /// <param name="arguments">Without the program's own name.</param>
    /// <param name="environment">All of it.</param>
    public static void Replace(string program, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment) =>
        _ = execve(program, [program, .. arguments, null], [.. environment.Select(variable => $"{variable.Key}={variable.Value}"), null]);

#pragma warning disable IDE1006 // The C library's name.
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int execve(string program, string?[] arguments, string?[] environment);
#pragma warning restore IDE1006
}
