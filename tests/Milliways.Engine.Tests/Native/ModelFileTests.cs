namespace Milliways.Engine.Tests.Native;

public sealed class ModelFileTests(Models models) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("milliways-gguf-").FullName;

    [Fact]
    public void A_missing_file_is_named()
    {
        var path = Path.Combine(_folder, "none.gguf");
        var failure = Assert.Throws<EngineException>(() => Load(path));
        Assert.Contains(path + " does not exist", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(20)]
    [InlineData(100_000)]
    [InlineData(60_000_000)]
    public void A_truncated_file_is_refused_and_the_process_lives(int length)
    {
        var path = Path.Combine(_folder, "short.gguf");
        using (var whole = File.OpenRead(Models.ChatFile))
        using (var cut = File.Create(path))
        {
            var buffer = new byte[length];
            whole.ReadExactly(buffer);
            cut.Write(buffer);
        }
        Assert.Contains(path, Assert.Throws<EngineException>(() => Load(path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not a model at all, just some text")]
    [InlineData("GGUF, but what follows is no model at all")]
    [InlineData("GGUF\u0003\u0000\u0000\u0000\u007f\u007f\u007f\u007f\u007f\u007f\u007f\u007f\u007f\u007f\u007f\u007f\u007f\u007f\u007f\u007f")]
    public void Garbage_is_refused_and_the_process_lives(string content)
    {
        var path = Path.Combine(_folder, "garbage.gguf");
        File.WriteAllText(path, content);
        Assert.Contains(path, Assert.Throws<EngineException>(() => Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_embedding_model_is_refused_as_a_language_model() =>
        Assert.Contains("bert", Assert.Throws<EngineException>(() => Load(Models.EmbeddingFile)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_language_model_is_refused_as_an_embedding_model() =>
        Assert.Throws<EngineException>(() => EmbeddingModel.Load(models.Library, new EmbeddingModelOptions { Path = Models.ChatFile }));

    [Fact]
    public async Task Loading_reports_its_progress_and_what_was_loaded()
    {
        var progress = new Reports();
        await using var model = LanguageModel.Load(models.Library, new LanguageModelOptions { Path = Models.ChatFile, Progress = progress });
        Assert.Equal(1, progress.Values[^1]);
        Assert.Equal(progress.Values.Order(), progress.Values);
        Assert.Equal(("llama", 134_515_008, 8192, 49152, 576),
            (model.Facts.Architecture, model.Facts.Parameters, model.Facts.ContextTokens, model.Facts.VocabularySize, model.Facts.EmbeddingLength));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private LanguageModel Load(string path) => LanguageModel.Load(models.Library, new LanguageModelOptions { Path = path });

    private sealed class Reports : IProgress<float>
    {
        public List<float> Values { get; } = [];

        public void Report(float value) => Values.Add(value);
    }
}
