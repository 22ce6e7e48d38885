using System.Globalization;

namespace Milliways.Hosting;

/// <summary>
/// The directory that holds an installation (contract, "Data directory"): mode 0700, files 0600, used by one server at a time.
/// Moving the directory moves the installation.
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream @lock) => (Path, _lock) = (path, @lock);

    public string Path { get; }

    public string JournalFile => System.IO.Path.Combine(Path, "charges.journal");

    /// <summary>The master secret, unless the environment has it.</summary>
    /// <summary>The name of the file with the master secret.</summary>
    public const string SecretName = "secret.key";

    public string SecretFile => System.IO.Path.Combine(Path, SecretName);

    /// <summary>There from before the first key is stored until somebody has been shown it; holds the key's id, never its text.</summary>
    public string UnseenKeyFile => System.IO.Path.Combine(Path, "first-key-unseen");

    public string RunDirectory => System.IO.Path.Combine(Path, "run");

    public string ModelsDirectory => System.IO.Path.Combine(Path, "models");

    /// <summary>The directory meant when none is named: <c>$XDG_DATA_HOME/milliways</c>, or <c>~/.local/share/milliways</c>.</summary>
    public static string Default(Func<string, string?> environment)
    {
        var home = environment("XDG_DATA_HOME");
        if (string.IsNullOrEmpty(home))
            home = System.IO.Path.Combine(environment("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share");
        return System.IO.Path.Combine(home, "milliways");
    }

    /// <summary>Creates what is missing and takes the lock.</summary>
    /// <exception cref="UserErrorException">Not writable, no directory, or in use by another server, which is named.</exception>
    public static DataDirectory Open(string path, int processId) => TryOpen(path, processId) ?? throw InUse(System.IO.Path.GetFullPath(path));

    /// <summary>As <see cref="Open"/>, but null when somebody else holds the lock.</summary>
    /// <exception cref="UserErrorException">Not writable, or no directory.</exception>
    public static DataDirectory? TryOpen(string path, int processId)
    {
        path = System.IO.Path.GetFullPath(path);
        try
        {
            CreatePrivate(path);
            var run = System.IO.Path.Combine(path, "run");
            CreatePrivate(run);
            return TakeLock(System.IO.Path.Combine(run, "lock"), System.IO.Path.Combine(run, "pid"), processId) is { } held ? new DataDirectory(path, held) : null;
        }
        catch (Exception denied) when (denied is UnauthorizedAccessException or IOException or NotSupportedException)
        {
            throw new UserErrorException(
                $"The data directory {path} cannot be written ({denied.Message.TrimEnd('.')}): give this user the right to write there, or name another one with --data.",
                inner: denied);
        }
    }

    /// <summary>Keeps other users of the machine from reading a file.</summary>
    public static void Protect(string file)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Opens a file that nobody else may read from its first moment on, and makes it when it is missing.</summary>
    public static FileStream OpenPrivate(string file)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(file, options);
    }

    public void Dispose()
    {
        // Somebody may have removed the directory under the running server: then there is nothing to tidy.
        var pid = System.IO.Path.Combine(RunDirectory, "pid");
        if (File.Exists(pid))
            File.Delete(pid);
        _lock.Dispose();
    }

    /// <summary>Makes a directory that only this user may enter; one that is there stays as it is.</summary>
    public static void CreatePrivate(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else if (!Directory.Exists(path))
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>The lock is the system's, so it is gone with the process however that ends; the pid file only names the holder.</summary>
    private static FileStream? TakeLock(string lockFile, string pidFile, int processId)
    {
        FileStream held;
        try
        {
            held = OpenPrivate(lockFile);
        }
        catch (IOException) when (File.Exists(lockFile))
        {
            return null;
        }
        File.WriteAllText(pidFile, processId.ToString(CultureInfo.InvariantCulture));
        Protect(pidFile);
        return held;
    }

    private static UserErrorException InUse(string directory)
    {
        var pidFile = System.IO.Path.Combine(directory, "run", "pid");
        var holder = File.Exists(pidFile) ? $" (process {File.ReadAllText(pidFile).Trim()})" : "";
        return new UserErrorException($"The data directory {directory} is in use by another Milliways server{holder}: stop that one, or name another directory with --data.");
    }
}
