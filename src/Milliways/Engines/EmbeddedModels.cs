using Milliways.Hosting.Configuration;

namespace Milliways.Engines;

/// <summary>
/// The models that ship with Milliways, and the rule by which a name becomes a file: a path is a path; a name is looked for in the data directory's
/// <c>models/</c>, beside the executable, and in the <c>models/</c> of the source tree it was built from.
/// </summary>
internal sealed class EmbeddedModels
{
    /// <summary>Created: the day on which its makers published it, in Unix seconds.</summary>
    private static readonly (string Name, string FileName, string Owner, int Context, long Created)[] Shipped =
    [
        ("smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", "HuggingFaceTB", 8192, 1730332800), // 2024-10-31
        ("all-minilm", "all-MiniLM-L6-v2.Q8_0.gguf", "sentence-transformers", 512, 1630281600), // 2021-08-30
    ];

    public EmbeddedModels(EngineConfig config, string dataModels)
    {
        Folders = SearchFolders(dataModels);
        Chat = Find(config.Model);
        Embedding = config.EmbeddingModel is null ? null : Find(config.EmbeddingModel);
    }

    public EmbeddedModel Chat { get; }

    public EmbeddedModel? Embedding { get; }

    /// <summary>Chat first.</summary>
    public IEnumerable<EmbeddedModel> All => Embedding is null ? [Chat] : [Chat, Embedding];

    /// <summary>Where models are looked for, in order.</summary>
    public IReadOnlyList<string> Folders { get; }

    private EmbeddedModel Find(string nameOrPath)
    {
        if (nameOrPath.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
        {
            var path = Path.GetFullPath(nameOrPath);
            return Local(Path.GetFileNameWithoutExtension(path), path, $"the model file {path} does not exist");
        }
        var shipped = Array.Find(Shipped, model => model.Name == nameOrPath);
        var fileName = shipped.FileName ?? nameOrPath + ".gguf";
        var file = Folders.Select(folder => Path.Combine(folder, fileName)).FirstOrDefault(File.Exists);
        var missing = $"the model file {fileName} was not found in {string.Join(" or ", Folders)}";
        if (shipped.Name is null)
            return Local(nameOrPath, file ?? Path.Combine(Folders[0], fileName), missing);
        return new EmbeddedModel(nameOrPath, file ?? Path.Combine(Folders[0], fileName), file is null ? missing : null)
        {
            Owner = shipped.Owner, Context = shipped.Context, Created = shipped.Created, IsShipped = true,
        };
    }

    private static EmbeddedModel Local(string name, string path, string missing)
    {
        var file = new FileInfo(path);
        return new EmbeddedModel(name, path, file.Exists ? null : missing)
        {
            Created = file.Exists ? new DateTimeOffset(file.LastWriteTimeUtc).ToUnixTimeSeconds() : 0,
        };
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
