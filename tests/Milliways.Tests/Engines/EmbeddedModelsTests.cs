using Milliways.Engines;
using Milliways.Hosting.Configuration;
using Milliways.Tests.Support;

namespace Milliways.Tests.Engines;

public sealed class EmbeddedModelsTests
{
    [Fact]
    public void A_name_is_looked_for_in_the_data_directory_first_and_a_path_is_a_path()
    {
        using var directory = new TempDirectory();
        directory.Write("SmolLM2-135M-Instruct.Q4_1.gguf", "");
        directory.Write("mine.gguf", "");

        var shipped = new EmbeddedModels(new EngineConfig { EmbeddingModel = null }, directory.Path);
        Assert.Equal(("smollm2", directory["SmolLM2-135M-Instruct.Q4_1.gguf"], "HuggingFaceTB", 8192), (shipped.Chat.Name, shipped.Chat.File, shipped.Chat.Owner, shipped.Chat.Context));
        Assert.Null(shipped.Embedding);
        Assert.Equal(directory["mine.gguf"], new EmbeddedModels(new EngineConfig { Model = "mine" }, directory.Path).Chat.File);
        var byPath = new EmbeddedModels(new EngineConfig { Model = directory["mine.gguf"] }, "/nowhere").Chat;
        Assert.Equal(("mine", directory["mine.gguf"], "local", null), (byPath.Name, byPath.File, byPath.Owner, byPath.Context));
    }

    [Fact]
    public void What_is_not_there_is_known_to_be_missing()
    {
        using var directory = new TempDirectory();
        Assert.Null(new EmbeddedModels(new EngineConfig { Model = "unheard-of" }, directory.Path).Chat.File);
        Assert.Null(new EmbeddedModels(new EngineConfig { Model = directory["gone.gguf"] }, directory.Path).Chat.File);
        Assert.Equal(directory.Path, new EmbeddedModels(new EngineConfig(), directory.Path).Folders[0]);
    }

    [Fact]
    public void A_missing_file_is_told_to_the_operator_with_its_place_and_to_callers_without()
    {
        using var directory = new TempDirectory();
        var models = new EmbeddedModels(new EngineConfig { Model = directory["gone.gguf"], EmbeddingModel = "unheard-of" }, directory.Path);

        Assert.Equal($"the model file {directory["gone.gguf"]} does not exist", models.Chat.Trouble);
        Assert.StartsWith($"the model file unheard-of.gguf was not found in {directory.Path} or ", models.Embedding!.Trouble, StringComparison.Ordinal);
        Assert.Equal("the model file gone.gguf does not exist", models.Chat.TroubleForCallers);
        Assert.Equal("the model file unheard-of.gguf does not exist", models.Embedding.TroubleForCallers);
    }

    [Fact]
    public void A_reason_with_paths_in_it_goes_to_callers_without_them()
    {
        using var directory = new TempDirectory();
        var model = new EmbeddedModels(new EngineConfig { Model = directory.Write("mine.gguf", "") }, directory.Path).Chat;
        Assert.Null(model.TroubleForCallers);

        model.Trouble = $"{directory["mine.gguf"]} could not be loaded: failed to open '{directory["mine.gguf"]}' in {directory.Path}";

        Assert.Equal("mine.gguf could not be loaded: failed to open 'mine.gguf' in its folder", model.TroubleForCallers);
        Assert.Equal("libllama.so and natives", ModelTrouble.ForCallers($"{Path.Combine(AppContext.BaseDirectory, "libllama.so")} and {Path.Combine(AppContext.BaseDirectory, "natives")}"));
    }

    [Fact]
    public void A_model_is_as_old_as_its_publication_or_its_file()
    {
        using var directory = new TempDirectory();
        File.SetLastWriteTimeUtc(directory.Write("mine.gguf", ""), new DateTime(2025, 3, 4, 5, 6, 7, DateTimeKind.Utc));
        var models = new EmbeddedModels(new EngineConfig { Model = directory["mine.gguf"] }, directory.Path);

        Assert.Equal(new DateTimeOffset(2025, 3, 4, 5, 6, 7, TimeSpan.Zero).ToUnixTimeSeconds(), models.Chat.Created);
        Assert.Equal(new DateTimeOffset(2021, 8, 30, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds(), models.Embedding!.Created);
        Assert.Equal(new DateTimeOffset(2024, 10, 31, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds(), new EmbeddedModels(new EngineConfig(), directory.Path).Chat.Created);
    }

    [Fact]
    public void The_models_of_the_source_tree_are_found_by_their_names()
    {
        var models = new EmbeddedModels(new EngineConfig(), "/nowhere");
        Assert.True(File.Exists(models.Chat.File), models.Chat.File);
        Assert.True(File.Exists(models.Embedding!.File), models.Embedding.File);
    }

    [Fact]
    public void A_socket_path_that_is_too_long_goes_to_the_temporary_directory()
    {
        Assert.Equal("/run/x/engine.sock", new EngineSocket("/run/x", 7).Path);
        var far = new EngineSocket("/" + new string('d', 120), 7).Path;
        Assert.InRange(far.Length, 1, 100);
        Assert.Contains("-7.sock", far, StringComparison.Ordinal);
    }
}
