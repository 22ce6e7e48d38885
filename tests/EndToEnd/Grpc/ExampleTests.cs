using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Grpc;

/// <summary>The example of docs/grpc.md: a program of its own that has nothing of ours but the .proto files (tests/GrpcExample).</summary>
public sealed class ExampleTests(SharedServer shared)
{
    private static readonly string Folder = Path.Combine(Repository.Root, "artifacts", "bin", "Milliways.GrpcExample", Repository.Configuration);

    [Fact]
    public async Task The_CSharp_example_gets_a_stream_its_cost_and_the_text_of_a_refusal()
    {
        var program = Path.Combine(Folder, OperatingSystem.IsWindows() ? "Milliways.GrpcExample.exe" : "Milliways.GrpcExample");
        var finished = await Program.RunAsync(program, [shared.Server.Ready["grpc"]!.GetValue<string>(), shared.Server.Key]);

        Assert.True(finished.ExitCode == 0, finished.ToString());
        var lines = finished.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length >= 3 && lines[0].Trim().Length > 0, finished.ToString());
        Assert.Equal("0 ticks", lines[^2]); // the embedded model is free
        Assert.Contains("no-such-model", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_shows_the_program_that_is_run()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "grpc.md"));
        var program = File.ReadAllText(Path.Combine(Repository.Root, "tests", "GrpcExample", "Program.cs"));
        Assert.Contains($"```csharp\n{program}```", page, StringComparison.Ordinal);
    }
}
