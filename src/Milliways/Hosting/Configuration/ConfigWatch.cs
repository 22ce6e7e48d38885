using System.Globalization;

namespace Milliways.Hosting.Configuration;

/// <summary>
/// Knows whether the configuration's files have changed: the file itself, and the files of secrets and certificates that it names. Time and length of each
/// are compared, every second; notices of the operating system do not come from mounted volumes and network shares, and would have to be backed by this anyway.
/// </summary>
internal sealed class ConfigWatch
{
    private readonly string? _named;
    private readonly string _dataDirectory;
    private string _seen;

    public ConfigWatch(string? named, string dataDirectory, MilliwaysConfig inEffect)
    {
        (_named, _dataDirectory) = (named, dataDirectory);
        _seen = Stamp(inEffect);
    }

    /// <summary>True once for every change since the last call.</summary>
    /// <param name="inEffect">Names the other files to look at.</param>
    public bool HasChanged(MilliwaysConfig inEffect)
    {
        var now = Stamp(inEffect);
        if (now == _seen)
            return false;
        _seen = now;
        return true;
    }

    /// <summary>What is looked at from now on is as it was read: the names of its other files may have changed with it.</summary>
    public void Accept(MilliwaysConfig inEffect) => _seen = Stamp(inEffect);

    private string Stamp(MilliwaysConfig inEffect)
    {
        var file = ConfigFile.Find(_named, _dataDirectory);
        return string.Join('\n', inEffect.OtherFiles.Prepend(file ?? "").Select(Stamp));
    }

    private static string Stamp(string path)
    {
        // Behind a link it is the target that changes: secrets are mounted so.
        try
        {
            var file = new FileInfo(path.Length == 0 ? "." : path);
            var target = file.Exists && file.LinkTarget is not null ? file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file : file;
            return target.Exists ? string.Create(CultureInfo.InvariantCulture, $"{path} {target.FullName} {target.LastWriteTimeUtc.Ticks} {target.Length}") : path;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return path;
        }
    }
}
