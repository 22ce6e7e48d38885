namespace Milliways.Engines;

/// <summary>A model the engine can load: its name in answers, its file, what is known of it, and what keeps it from being loaded.</summary>
/// <param name="name">Its name in answers.</param>
/// <param name="path">Where its file is, or should be.</param>
/// <param name="missing">What is wrong when there is no file, as a sentence without its end; null when there is one.</param>
internal sealed class EmbeddedModel(string name, string path, string? missing)
{
    private readonly bool _isMissing = missing is not null;
    private volatile string? _trouble = missing;

    public string Name => name;

    /// <summary>Where its file is, or should be.</summary>
    public string Path => path;

    /// <summary>Its file; null when none was found.</summary>
    public string? File => _isMissing ? null : path;

    public string Owner { get; init; } = "local";

    /// <summary>Tokens; null when it is not known before the model is loaded.</summary>
    public int? Context { get; init; }

    /// <summary>Unix seconds: when a shipped model was published, when another's file was written.</summary>
    public long Created { get; init; }

    /// <summary>True for a model that comes with Milliways, false for a file of the operator's.</summary>
    public bool IsShipped { get; init; }

    /// <summary>Why it cannot be used, for the operator: with whole paths. Null as long as nothing is known against it.</summary>
    public string? Trouble
    {
        get => _trouble;
        set => _trouble = value;
    }

    /// <summary>The same for those who call the API, who learn the file's name and nothing of the machine's directories.</summary>
    public string? TroubleForCallers => Trouble is not { } trouble ? null
        : _isMissing ? $"the model file {System.IO.Path.GetFileName(path)} does not exist"
        : ModelTrouble.ForCallers(trouble, path);
}
