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
        await CheckAsync(new Setup(), folder.At("missing.gguf"), "missing\" was not found", "engine.model");
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
