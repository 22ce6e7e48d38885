using Milliways.Hosting.Configuration;

namespace Milliways.Engines;

/// <summary>A model the engine can load: its name in answers, its file, and what is known of it.</summary>
/// <param name="File">Where it should be; null when no file was found under the name.</param>
internal sealed record EmbeddedModel(string Name, string? File, string Owner, int? Context);

/// <summary>
/// The models that ship with Milliways, and the rule by which a name becomes a file: a path is a path; a name is looked for in the data directory's
/// <c>models/</c>, beside the executable, and in the <c>models/</c> of the source tree it was built from.
/// </summary>
internal sealed class EmbeddedModels
{
    private static readonly (string Name, string FileName, string Owner, int Context)[] Shipped =
    [
        ("smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", "HuggingFaceTB", 8192),
        ("all-minilm", "all-MiniLM-L6-v2.Q8_0.gguf", "sentence-transformers", 512),
    ];

    public EmbeddedModels(EngineConfig config, string dataModels)
    {
        Folders = SearchFolders(dataModels);
        Chat = Find(config.Model);
        Embedding = config.EmbeddingModel is null ? null : Find(config.EmbeddingModel);
    }

    public EmbeddedModel Chat { get; }

    public EmbeddedModel? Embedding { get; }

    /// <summary>Where models are looked for, in order.</summary>
    public IReadOnlyList<string> Folders { get; }

    private EmbeddedModel Find(string nameOrPath)
    {
        if (nameOrPath.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
        {
            var path = Path.GetFullPath(nameOrPath);
            return new EmbeddedModel(Path.GetFileNameWithoutExtension(path), File.Exists(path) ? path : null, "local", null);
        }
        var shipped = Array.Find(Shipped, model => model.Name == nameOrPath);
        var fileName = shipped.FileName ?? nameOrPath + ".gguf";
        var file = Folders.Select(folder => Path.Combine(folder, fileName)).FirstOrDefault(File.Exists);
        return new EmbeddedModel(nameOrPath, file, shipped.Owner ?? "local", shipped.Name is null ? null : shipped.Context);
    }

    private static List<string> SearchFolders(string dataModels)
    {
        var folders = new List<string> { dataModels, Path.Combine(AppContext.BaseDirectory, "models") };
        // artifacts/bin/Milliways/debug lies four levels below the source tree's root.
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "Milliways.slnx")))
            {
                folders.Add(Path.Combine(at.FullName, "models"));
                break;
            }
        return folders;
    }
}
