namespace Milliways.Hosting.Configuration;

/// <summary>Finds and reads the configuration file.</summary>
internal static class ConfigFile
{
    private const string Name = "milliways.json";

    /// <summary>The configuration in effect; the defaults when there is no file and none was named.</summary>
    /// <exception cref="UserErrorException">A named file is missing, or the file has problems: all of them are in the message.</exception>
    public static MilliwaysConfig Load(string? named, string dataDirectory, Func<string, string?> environment)
    {
        var file = Find(named, dataDirectory);
        if (file is null)
            return new MilliwaysConfig();
        byte[] text;
        try
        {
            text = File.ReadAllBytes(file);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"The configuration file {file} cannot be read ({unreadable.Message.TrimEnd('.')}): correct --config or MILLIWAYS_CONFIG.", ExitCode.Usage, unreadable);
        }
        var reader = new ConfigReader(file, environment, File.ReadAllText);
        var config = reader.Read(text);
        if (reader.Problems.Count > 0)
            throw new UserErrorException($"The configuration is wrong; correct this and start again:\n  {string.Join("\n  ", reader.Problems)}", ExitCode.Usage)
            {
                Problems = [.. reader.Problems.Select(problem => problem.ToString())],
                Places = [.. reader.Problems.Select(problem => problem.Place)],
            };
        return config;
    }

    /// <summary>The file that would be read now, or null when none was named and none is there.</summary>
    public static string? Find(string? named, string dataDirectory) => named ?? Candidates(dataDirectory).FirstOrDefault(File.Exists);

    private static IEnumerable<string> Candidates(string dataDirectory) => [Path.GetFullPath(Name), Path.Combine(dataDirectory, Name)];
}
