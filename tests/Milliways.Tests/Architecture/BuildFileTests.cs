using System.Diagnostics;
using Milliways.Tests.Support;

namespace Milliways.Tests.Architecture;

/// <summary>Directory.Build.props, as MSBuild reads it in a clone somewhere else.</summary>
public sealed class BuildFileTests
{
    private const string Project = """
        <Project>
          <Import Project="$(MSBuildThisFileDirectory)../../Directory.Build.props" />
          <Target Name="Say"><Message Importance="high" Text="@$(MSBuildProjectName)=$(InSource)@" /></Target>
        </Project>
        """;

    [Fact]
    public async Task Only_what_lies_below_the_trees_own_src_is_held_to_the_products_rules_wherever_the_tree_lies()
    {
        using var directory = new TempDirectory();
        foreach (var (folder, name) in new[] { ("src", "Product"), ("tests", "Tests"), ("srctools", "Tools"), ("bench", "Bench") })
        {
            Directory.CreateDirectory(directory[Path.Combine("src", "my-srcs", folder, name)]);
            directory.Write(Path.Combine("src", "my-srcs", folder, name, name + ".proj"), Project);
        }
        File.Copy(Path.Combine(SourceTests.Root, "Directory.Build.props"), directory[Path.Combine("src", "my-srcs", "Directory.Build.props")]);
        directory.Write("all.proj", """
            <Project><Target Name="Say"><ItemGroup><Each Include="src/my-srcs/*/*/*.proj" /></ItemGroup><MSBuild Projects="@(Each)" Targets="Say" /></Target></Project>
            """);

        var said = await BuildAsync(directory["all.proj"]);

        foreach (var expected in new[] { "@Product=true@", "@Tests=@", "@Tools=@", "@Bench=@" })
            Assert.Contains(expected, said, StringComparison.Ordinal);
    }

    private static async Task<string> BuildAsync(string project)
    {
        var start = new ProcessStartInfo("dotnet", ["msbuild", project, "-t:Say", "-v:minimal", "-nologo", "-nodeReuse:false"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await output + await errors);
        return await output;
    }
}
