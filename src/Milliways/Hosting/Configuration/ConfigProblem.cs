using System.Globalization;

namespace Milliways.Hosting.Configuration;

/// <summary>One thing wrong in the configuration: where, what, and what to do about it.</summary>
internal sealed record ConfigProblem(string File, int Line, string Path, string Message)
{
    /// <summary>Where it is, without what stands there: that may be a secret in the wrong place.</summary>
    public string Place => string.Create(CultureInfo.InvariantCulture, $"line {Line}{(Path.Length == 0 ? "" : $", {Path}")}");

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}: {(Path.Length == 0 ? "" : Path + ": ")}{Message}");
}
