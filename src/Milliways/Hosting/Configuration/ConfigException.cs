namespace Milliways.Hosting.Configuration;

/// <summary>A configuration file with problems: all of them in the message, and one by one.</summary>
internal sealed class ConfigException(IReadOnlyList<ConfigProblem> problems)
    : UserErrorException($"The configuration is wrong; correct this and start again:\n  {string.Join("\n  ", problems)}", Hosting.ExitCode.Usage)
{
    public IReadOnlyList<string> Problems { get; } = [.. problems.Select(problem => problem.Place)];
}
