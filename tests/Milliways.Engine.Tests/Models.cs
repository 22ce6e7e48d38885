using System.Text.Json;
using Milliways.Engine.Tests;

[assembly: AssemblyFixture(typeof(Models))]
// One test at a time: ggml's threads and the machine's few cores are shared by all of them.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Milliways.Engine.Tests;

/// <summary>The embedded models, loaded once for all tests.</summary>
public sealed class Models : IAsyncLifetime
{
    public static string Folder { get; } = FindFolder();
    public static string ChatFile { get; } = Path.Combine(Folder, "SmolLM2-135M-Instruct.Q4_1.gguf");
    public static string EmbeddingFile { get; } = Path.Combine(Folder, "all-MiniLM-L6-v2.Q8_0.gguf");

    public EngineLibrary Library { get; private set; } = null!;
    public LanguageModel Chat { get; private set; } = null!;
    public EmbeddingModel Embedding { get; private set; } = null!;

    public ValueTask InitializeAsync()
    {
        Library = EngineLibrary.Load();
        Chat = LanguageModel.Load(Library, new LanguageModelOptions { Path = ChatFile });
        Embedding = EmbeddingModel.Load(Library, new EmbeddingModelOptions { Path = EmbeddingFile });
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await Chat.DisposeAsync();
        await Embedding.DisposeAsync();
    }

    public static JsonElement Fixture(string name)
    {
        using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Fixtures", name));
        using var document = JsonDocument.Parse(file);
        return document.RootElement.Clone();
    }

    private static string FindFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Milliways.slnx")))
                return Path.Combine(folder.FullName, "models");
        }
        throw new InvalidOperationException("the tests must run inside the repository");
    }
}
