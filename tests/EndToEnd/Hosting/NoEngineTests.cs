using System.Net;
using System.Text.Json;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Hosting;

/// <summary>Whatever is wrong with the model or the libraries, the server runs, says what to do, and serves everything else.</summary>
public sealed class NoEngineTests
{
    [Fact]
    public async Task A_missing_model_file_is_503_naming_the_remedy_and_others_are_served()
    {
        using var folder = new TemporaryFolder();
        await CheckAsync(new Setup(), folder.At("missing.gguf"), "missing.gguf does not exist", "engine.model");
    }

    [Fact]
    public async Task A_model_file_that_was_cut_off_is_503_naming_the_file_and_others_are_served()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder.At("cut.gguf"), (await ReadStartAsync(Repository.ChatModel, 4096)).ToArray());
        await CheckAsync(new Setup(), folder.At("cut.gguf"), "cut.gguf");
    }

    [Fact]
    public async Task A_model_file_that_is_none_is_503_naming_the_file_and_others_are_served()
    {
        using var folder = new TemporaryFolder();
        var garbage = new byte[4096];
        new Random(1).NextBytes(garbage);
        await File.WriteAllBytesAsync(folder.At("garbage.gguf"), garbage);
        await CheckAsync(new Setup(), folder.At("garbage.gguf"), "garbage.gguf");
    }

    [Fact]
    public async Task Without_llama_cpps_libraries_it_is_503_naming_the_remedy_and_others_are_served()
    {
        using var folder = new TemporaryFolder();
        CopyWithoutNatives(Repository.ExecutableFolder, folder.At("milliways"));
        await CheckAsync(new Setup { Executable = Path.Combine(folder.At("milliways"), Repository.ExecutableName) }, Repository.ChatModel, "natives", "npm ci");
    }

    [Fact]
    public async Task With_the_engine_switched_off_it_is_503_saying_so_and_others_are_served() =>
        await CheckAsync(new Setup { NoEngine = true }, Repository.ChatModel, "switched off");

    [Fact]
    public async Task A_damaged_embedding_model_leaves_the_chat_model_alone()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder.At("cut.gguf"), (await ReadStartAsync(Repository.EmbeddingModel, 4096)).ToArray());
        await using var server = await MilliwaysProcess.StartAsync(new Setup { Config = $$"""{ "engine": { "embeddingModel": {{JsonSerializer.Serialize(folder.At("cut.gguf"))}} } }""" });
        await server.EngineReadyAsync();

        await server.Api.ChatAsync(Talk.About("Hi", 2));
        var refused = await server.Api.PostAsync("/v1/embeddings", Talk.About("Hi", 2, ("model", "v1"), ("input", "Hi")));

        AssertTellsTheFileAndNotItsFolder(refused, "cut.gguf", "engine.embeddingModel", folder);
        Assert.Contains(folder.At("cut.gguf"), server.Log.Text, StringComparison.Ordinal);
        Assert.Equal(["grok-beta", "smollm2"], await NamesAsync(server));
        var ready = (await server.Api.GetAsync("/readyz")).Json["engine"]!;
        Assert.Equal(("degraded", "smollm2 ok", "cut off"), (ready["status"]!.GetValue<string>(), Model(ready, 0), Model(ready, 1)));
        Assert.DoesNotContain(folder.Path, ready.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_embedding_model_is_told_at_the_start_and_leaves_the_chat_model_alone()
    {
        using var folder = new TemporaryFolder();
        await using var server = await MilliwaysProcess.StartAsync(new Setup { Config = $$"""{ "engine": { "embeddingModel": {{JsonSerializer.Serialize(folder.At("gone.gguf"))}} } }""" });
        await server.EngineReadyAsync();

        Assert.Contains($"the model file {folder.At("gone.gguf")} does not exist", server.Log.Text, StringComparison.Ordinal);
        await server.Api.ChatAsync(Talk.About("Hi", 2));
        AssertTellsTheFileAndNotItsFolder(await server.Api.PostAsync("/v1/embeddings", Talk.About("Hi", 2, ("model", "v1"), ("input", "Hi"))), "gone.gguf", "engine.embeddingModel", folder);
    }

    [Fact]
    public async Task A_damaged_chat_model_leaves_the_embedding_model_alone()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder.At("cut.gguf"), (await ReadStartAsync(Repository.ChatModel, 4096)).ToArray());
        await using var server = await MilliwaysProcess.StartAsync(new Setup { Config = $$"""{ "engine": { "model": {{JsonSerializer.Serialize(folder.At("cut.gguf"))}} } }""" });
        await server.EngineReadyAsync();

        var embedded = await server.Api.PostAsync("/v1/embeddings", Talk.About("Hi", 2, ("model", "v1"), ("input", "Hi")));
        Assert.True(embedded.Status == HttpStatusCode.OK, embedded.ToString());
        AssertTellsTheFileAndNotItsFolder(await server.Api.PostAsync("/v1/chat/completions", Talk.About("Hi", 2)), "cut.gguf", "engine.model", folder);
        Assert.Equal(["all-minilm"], await NamesAsync(server));
        // It is the operator's own file, not the demo model.
        Assert.DoesNotContain("demo model", server.Out.Text, StringComparison.Ordinal);
    }

    private static void AssertTellsTheFileAndNotItsFolder(Answer refused, string file, string setting, TemporaryFolder folder)
    {
        Assert.True(refused.Status == HttpStatusCode.ServiceUnavailable, refused.ToString());
        Assert.Contains(file, refused.Text, StringComparison.Ordinal);
        Assert.Contains(setting, refused.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(folder.Path, refused.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("milliways: ", refused.Text, StringComparison.Ordinal);
    }

    private static async Task<string[]> NamesAsync(MilliwaysProcess server) =>
        [.. (await server.Api.GetAsync("/v1/models")).Json["data"]!.AsArray().Select(model => model!["id"]!.GetValue<string>())];

    private static string Model(System.Text.Json.Nodes.JsonNode engine, int index) => $"{engine["models"]![index]!["name"]} {engine["models"]![index]!["status"]}";

    private static async Task CheckAsync(Setup setup, string model, params string[] said)
    {
        await using var lab = await FakeUpstream.StartAsync();
        await using var server = await MilliwaysProcess.StartAsync(setup with
        {
            Config = $$"""
                {
                  "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "{{lab.Base}}/v1", "apiKey": "sk-lab", "models": ["alpha"] } },
                  "engine": { "model": {{JsonSerializer.Serialize(model)}}, "embeddingModel": null }
                }
                """,
        });

        var chat = await server.Api.PostAsync("/v1/chat/completions", Talk.About("Hi", 2));
        var messages = await server.Api.PostAsync("/v1/messages", Talk.About("Hi", 2));
        var other = await server.Api.PostAsync("/v1/chat/completions", Talk.About("Hi", 2, ("model", "alpha")));

        Assert.True(chat.Status == HttpStatusCode.ServiceUnavailable, chat.ToString());
        Assert.True(messages.Status == HttpStatusCode.ServiceUnavailable, messages.ToString());
        Assert.All(said, words => Assert.Contains(words, chat.Json["error"]!.GetValue<string>(), StringComparison.Ordinal));
        Assert.True(other.Status == HttpStatusCode.OK, other.ToString());
        Assert.Equal(HttpStatusCode.OK, (await server.Api.GetAsync("/readyz")).Status);
        Assert.DoesNotContain(Path.GetDirectoryName(model)!, chat.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("milliways: ", chat.Text, StringComparison.Ordinal);
        Assert.False(server.HasExited);
    }

    private static async Task<ReadOnlyMemory<byte>> ReadStartAsync(string file, int length)
    {
        await using var stream = File.OpenRead(file);
        var start = new byte[length];
        await stream.ReadExactlyAsync(start);
        return start;
    }

    /// <summary>Everything but llama.cpp's libraries is small.</summary>
    private static void CopyWithoutNatives(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (var folder in Directory.EnumerateDirectories(from).Where(folder => Path.GetFileName(folder) != "natives"))
            CopyWithoutNatives(folder, Path.Combine(to, Path.GetFileName(folder)));
    }
}
