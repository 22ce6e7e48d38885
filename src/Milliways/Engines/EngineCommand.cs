using System.CommandLine;
using Milliways.Engines.Child;

namespace Milliways.Engines;

/// <summary><c>milliways engine</c>: llama.cpp behind OpenAI's dialect, in a process of its own.</summary>
internal static class EngineCommand
{
    public static Command Create()
    {
        var model = new Option<string>("--model") { Description = "The GGUF file of the chat model", HelpName = "FILE", Required = true };
        var name = new Option<string?>("--name") { Description = "Its name in answers (default: the file's)", HelpName = "NAME" };
        var embedding = new Option<string?>("--embedding-model") { Description = "The GGUF file of an embedding model", HelpName = "FILE" };
        var embeddingName = new Option<string?>("--embedding-name") { Description = "Its name in answers", HelpName = "NAME" };
        var socket = new Option<string?>("--socket") { Description = "Listen on this Unix socket", HelpName = "PATH" };
        var urls = new Option<string?>("--urls") { Description = "Listen on these addresses instead (no key is asked: keep them private)", HelpName = "URLS" };
        var sequences = new Option<int>("--sequences") { Description = "Answers made at the same time", DefaultValueFactory = _ => 16 };
        var queue = new Option<int>("--queue") { Description = "Requests that may wait", DefaultValueFactory = _ => 256 };
        var threads = new Option<int?>("--threads") { Description = "Threads of the decode loop (default: by the machine)" };
        var supervised = new Option<bool>("--supervised") { Description = "End with standard input and leave Ctrl-C to the parent", Hidden = true };
        var command = new Command("engine", "Serve a GGUF model with llama.cpp behind OpenAI's dialect.\n\nExample:\n  milliways engine --model models/SmolLM2-135M-Instruct.Q4_1.gguf --urls http://127.0.0.1:8085")
        {
            model, name, embedding, embeddingName, socket, urls, sequences, queue, threads, supervised,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(socket) is null == result.GetValue(urls) is null)
                result.AddError("engine needs --socket PATH or --urls URL.");
        });
        command.SetAction((parsed, cancel) => EngineHost.RunAsync(new EngineHostOptions
        {
            Model = parsed.GetValue(model)!,
            Name = parsed.GetValue(name) ?? Path.GetFileNameWithoutExtension(parsed.GetValue(model)!),
            EmbeddingModel = parsed.GetValue(embedding),
            EmbeddingName = parsed.GetValue(embeddingName) ?? Path.GetFileNameWithoutExtension(parsed.GetValue(embedding)),
            Socket = parsed.GetValue(socket),
            Urls = parsed.GetValue(urls),
            Sequences = parsed.GetValue(sequences),
            Queue = parsed.GetValue(queue),
            Threads = parsed.GetValue(threads),
            Supervised = parsed.GetValue(supervised),
        }));
        return command;
    }
}
