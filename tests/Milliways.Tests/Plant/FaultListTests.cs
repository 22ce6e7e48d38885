using Milliways.Plant;
using Milliways.Tests.Support;

namespace Milliways.Tests.Plant;

/// <summary>The list of ./plant still fits the sources: a fault that cannot be planted any more would prove nothing.</summary>
public sealed class FaultListTests
{
    private static readonly List<Fault> Faults = FaultList.Read(Text(FaultList.Path)!);

    [Fact]
    public void Every_fault_can_be_planted_beside_all_others()
    {
        var files = FaultList.Plant(Faults, Text, out var misfits);

        Assert.True(misfits.Count == 0, string.Join("\n\n", misfits));
        Assert.All(Faults, fault => Assert.Contains(files.Values, text => text.Contains(fault.Switch, StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_fault_has_a_name_of_its_own_a_claim_and_code_behind_its_switch_alone()
    {
        Assert.True(Faults.Count >= 20);
        Assert.Equal(Faults.Count, Faults.Select(fault => fault.Name).Distinct().Count());
        foreach (var fault in Faults)
        {
            Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", fault.Name);
            Assert.EndsWith(".", fault.Claim, StringComparison.Ordinal);
            Assert.NotEmpty(fault.Replacements);
            Assert.Contains(fault.Replacements, replacement => replacement.New.Contains(fault.Switch, StringComparison.Ordinal));
            foreach (var replacement in fault.Replacements)
                Assert.DoesNotContain("Planted.Is(", replacement.New.Replace(fault.Switch, "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_fault_names_a_test_that_exists()
    {
        foreach (var fault in Faults)
        {
            var names = fault.Test.Split('.');
            var file = $"tests/{fault.Project}/{string.Join('/', names[fault.Project.Split('.').Length..^1])}.cs";
            Assert.True(Text(file)?.Contains($" {names[^1]}(", StringComparison.Ordinal) == true, $"{fault.Name}: {fault.Test} is not in {file}");
        }
    }

    [Fact]
    public void The_sources_have_no_switch()
    {
        var sources = Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories);
        Assert.NotEmpty(sources);
        Assert.DoesNotContain(sources, source => File.ReadAllText(source).Contains("Planted.Is(", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a\nb\nc\n", "b", "a\nB\nc\n")]
    [InlineData("a\nb", "b", null)]
    [InlineData("b\nc\n", "b", "B\nc\n")]
    [InlineData("bb\n b\nb \n", "b", null)]
    [InlineData("b\nb\n", "b", null)]
    [InlineData("a\nb\nc\na\nb\nd\n", "b\nc", "a\nB\na\nb\nd\n")]
    public void Lines_are_replaced_when_they_stand_there_whole_and_once(string text, string old, string? planted) =>
        Assert.Equal(planted, new Replacement("f", old, "B").Apply(text));

    [Fact]
    public void The_list_is_read_as_it_is_written()
    {
        var faults = FaultList.Read("""
            # what is behind this sign is for people

            == one
            It is wrong.
            test A.B.C
            file x
            -old
            - er
            +new
            -third
            +
            file y
            -z
            +Z
            == two
            So is this.
            """);

        Assert.Equal(["one", "two"], faults.Select(fault => fault.Name));
        Assert.Equal(("It is wrong.", "A.B.C"), (faults[0].Claim, faults[0].Test));
        Assert.Equal([new Replacement("x", "old\n er", "new"), new Replacement("x", "third", ""), new Replacement("y", "z", "Z")], faults[0].Replacements);
        Assert.Empty(faults[1].Replacements);
        Assert.Throws<FormatException>(() => FaultList.Read("test A.B.C"));
        Assert.Throws<FormatException>(() => FaultList.Read("== one\nIt is wrong.\nwhat is this"));
    }

    private static string? Text(string path) => Path.Combine(Repository.Root, path) is var file && File.Exists(file) ? File.ReadAllText(file) : null;
}
