using Milliways.Engine.Native;

namespace Milliways.Engine.Tests.Native;

public sealed class NativeAbiTests(Models models)
{
    [Fact]
    public void Struct_layouts_are_those_of_the_headers() => Assert.All(NativeAbi.Layouts(), check => Assert.Equal(check.Expected, check.Actual));

    [Fact]
    public void Default_parameters_read_through_our_layouts_are_the_documented_ones() =>
        Assert.All(NativeAbi.Defaults(), check => Assert.Equal(check.Expected, check.Actual));

    [Fact]
    public void The_library_is_one_of_the_pinned_releases() => Assert.Contains(models.Library.Version, NativeAbi.PinnedVersions);

    [Fact]
    public void Another_release_is_refused_by_name()
    {
        var failure = Assert.Throws<EngineException>(() => NativeAbi.Verify("0.6.0"));
        Assert.Contains("0.6.0", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_libraries_are_reported_with_where_they_were_looked_for_and_the_remedy()
    {
        var nowhere = Path.Combine(Path.GetTempPath(), "milliways-no-such-folder");
        var failure = Assert.Throws<EngineException>(() => NativeLibraries.Load(nowhere));
        Assert.Contains(nowhere, failure.Message, StringComparison.Ordinal);
        Assert.Contains("npm ci", failure.Message, StringComparison.Ordinal);
    }
}
