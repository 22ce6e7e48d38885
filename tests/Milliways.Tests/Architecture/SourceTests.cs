using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Milliways.Tests.Architecture;

/// <summary>Walls that no compiler keeps: which folder may know which, and what must carry a reason. Read from the sources themselves.</summary>
public sealed partial class SourceTests
{
    private static readonly string Root = FindRoot();

    private static readonly List<(string Path, string Code)> Sources =
    [
        .. Directory.GetFiles(System.IO.Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(file => (System.IO.Path.GetRelativePath(System.IO.Path.Combine(Root, "src"), file).Replace('\\', '/'), WithoutComments(File.ReadAllText(file)))),
    ];

    /// <summary>Who may not know whom, and the exceptions, each with its reason.</summary>
    private static readonly (string From, string To, string[] Except)[] Walls =
    [
        ("Milliways.Dialects/", "Microsoft.AspNetCore", []),
        ("Milliways.Dialects/", "Microsoft.Extensions", []),
        ("Milliways.Dialects/", "System.Net", []),
        ("Milliways.Dialects/", "Milliways.Engine", []),
        ("Milliways.Engine/", "Milliways.Dialects", []),
        ("Milliways.Engine/", "Microsoft.AspNetCore", []),
        ("Milliways.Engine/", "System.Net", []),
        ("Milliways.Dialects/Chat/", "Milliways.Dialects.OpenAiChat", []),
        ("Milliways.Dialects/Chat/", "Milliways.Dialects.Anthropic", []),
        ("Milliways.Dialects/Json/", "Milliways.Dialects.OpenAiChat", []),
        ("Milliways.Dialects/Json/", "Milliways.Dialects.Anthropic", []),
        ("Milliways.Dialects/Sse/", "Milliways.Dialects.OpenAiChat", []),
        ("Milliways.Dialects/Sse/", "Milliways.Dialects.Anthropic", []),
        ("Milliways.Dialects/OpenAiChat/", "Milliways.Dialects.Anthropic", []),
        ("Milliways.Dialects/Anthropic/", "Milliways.Dialects.OpenAiChat", []),
        ("Milliways/Upstreams/", "Milliways.Routing", []),
        ("Milliways/Upstreams/", "Milliways.Keys", []),
        ("Milliways/Upstreams/", "Milliways.Api", []),
        ("Milliways/Routing/", "Milliways.Keys", []),
        ("Milliways/Routing/", "Milliways.Api", []),
        ("Milliways/Keys/", "Milliways.Routing", []),
        ("Milliways/Keys/", "Milliways.Upstreams", []),
        ("Milliways/Keys/", "Milliways.Api", []),
        ("Milliways/Catalogue/", "Milliways.Keys", []),
        ("Milliways/Catalogue/", "Milliways.Api", []),
        .. new[] { "Api", "Catalogue", "Credits", "Engines", "Exchanges", "Gateway", "Keys", "Routing", "Teams", "Upstreams" }.Select(capability => ("Milliways/Storage/", $"Milliways.{capability}", Array.Empty<string>())),
        ("Milliways/Api/", "Milliways.Storage", []),
        ("Milliways/Gateway/", "Milliways.Storage", []),
        ("Milliways/Exchanges/", "Milliways.Storage", []),
        ("Milliways/Exchanges/", "Milliways.Gateway", []),
        ("Milliways/Teams/", "Milliways.Keys", []),
    ];

    [Fact]
    public void No_folder_knows_one_that_it_must_not()
    {
        var wrong = new List<string>();
        foreach (var (from, to, except) in Walls)
        {
            var inside = Sources.Where(source => source.Path.StartsWith(from, StringComparison.Ordinal)).ToList();
            Assert.NotEmpty(inside);
            wrong.AddRange(inside.Where(source => !except.Contains(source.Path) && Knows(source, to)).Select(source => $"{source.Path} knows {to}"));
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Routing_takes_the_operation_from_exchanges_and_nothing_else()
    {
        // Types of Exchanges by their names: a using is needed for Operation, so the namespace alone says nothing.
        var types = Sources.Where(source => source.Path.StartsWith("Milliways/Exchanges/", StringComparison.Ordinal))
            .SelectMany(source => TypeName().Matches(source.Code).Select(match => match.Groups[1].Value)).Where(name => name != "Operation").Distinct().ToList();
        Assert.Contains("ExchangeRunner", types);
        foreach (var (path, code) in Sources.Where(source => source.Path.StartsWith("Milliways/Routing/", StringComparison.Ordinal)))
            foreach (var type in types)
                Assert.False(Regex.IsMatch(code, $@"\b{type}\b"), $"{path} knows {type}");
    }

    [Fact]
    public void Dialects_touch_no_file_no_clock_and_no_dice()
    {
        foreach (var (path, code) in Sources.Where(source => source.Path.StartsWith("Milliways.Dialects/", StringComparison.Ordinal)))
            Assert.False(Regex.IsMatch(code, @"(?<![\w.])(File|Directory|FileStream|Console|Process|Environment|Stopwatch|RandomNumberGenerator|Guid|Task|Thread|Random)(\.|<|\()|\bTimeProvider\b|\basync\b"), path);
    }

    [Fact]
    public void Only_the_engine_is_unsafe()
    {
        foreach (var (path, code) in Sources.Where(source => !source.Path.StartsWith("Milliways.Engine/", StringComparison.Ordinal)))
            Assert.False(Regex.IsMatch(code, @"\bunsafe\b|\bMarshal\.|\bMemoryMarshal\.|\bUnsafe\.|\bDllImport\b|\bLibraryImport\b"), path);
        foreach (var project in Projects().Where(project => XDocument.Load(project).Descendants("AllowUnsafeBlocks").Any(element => element.Value == "true")))
            Assert.Contains("Engine", System.IO.Path.GetFileName(project), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_suppression_says_why()
    {
        foreach (var file in Directory.GetFiles(Root, "*.cs", SearchOption.AllDirectories).Where(IsOurs))
            foreach (var line in File.ReadLines(file).Where(line => line.TrimStart().StartsWith("#pragma warning disable", StringComparison.Ordinal)))
                Assert.True(Reason().IsMatch(line), $"{file}: {line.Trim()}");
        foreach (var (path, code) in Sources.Where(source => source.Code.Contains("SuppressMessage(", StringComparison.Ordinal)))
            Assert.True(code.Split("SuppressMessage(")[1..].All(part => part[..part.IndexOf(']', StringComparison.Ordinal)].Contains("Justification", StringComparison.Ordinal)), path);
    }

    [Fact]
    public void Every_banned_symbol_carries_its_remedy()
    {
        var lines = File.ReadAllLines(System.IO.Path.Combine(Root, "BannedSymbols.txt")).Where(line => line.Length > 0).ToList();
        Assert.NotEmpty(lines);
        foreach (var line in lines)
            Assert.Matches("^[TMPFEN]:[^;]+;.{15,}$", line);
    }

    [Fact]
    public void Every_package_has_one_exact_version_in_one_place()
    {
        var central = XDocument.Load(System.IO.Path.Combine(Root, "Directory.Packages.props")).Descendants("PackageVersion").ToList();
        Assert.NotEmpty(central);
        foreach (var package in central)
            Assert.Matches(@"^\d+\.\d+\.\d+(\.\d+)?(-[\w.]+)?$", package.Attribute("Version")!.Value);
        Assert.Equal(central.Count, central.Select(package => package.Attribute("Include")!.Value).Distinct(StringComparer.OrdinalIgnoreCase).Count());
        foreach (var project in Projects())
            Assert.DoesNotContain(XDocument.Load(project).Descendants("PackageReference"), reference => reference.Attribute("Version") is not null || reference.Attribute("VersionOverride") is not null);
    }

    [Fact]
    public void A_test_waits_for_signals_and_never_sleeps()
    {
        foreach (var file in Directory.GetFiles(System.IO.Path.Combine(Root, "tests", "Milliways.Tests"), "*.cs", SearchOption.AllDirectories).Where(file => IsOurs(file) && !file.EndsWith("ManualTime.cs", StringComparison.Ordinal) && !file.EndsWith("SourceTests.cs", StringComparison.Ordinal)))
            Assert.False(Regex.IsMatch(File.ReadAllText(file), @"Thread\.Sleep|Task\.Delay"), file);
    }

    /// <summary>A using of the namespace, its full name, or its name relative to a shared parent.</summary>
    private static bool Knows((string Path, string Code) source, string space)
    {
        if (Regex.IsMatch(source.Code, $@"\b{Regex.Escape(space)}(\.|;|\b(?!\w))"))
            return true;
        // Inside Milliways.X "Keys.KeyText" is Milliways.Keys.KeyText; a member of the same name is called with a small letter or stands behind a dot.
        var last = space[(space.LastIndexOf('.') + 1)..];
        return space.StartsWith("Milliways.", StringComparison.Ordinal) && Regex.IsMatch(source.Code, $@"(?<![\w.]){last}\.[A-Z]\w*[.(<\s;]") && !Regex.IsMatch(source.Code, $@"\b{last}\s*(=>|{{|=)|\b\w+[\]>?]?\s+{last}\s*[;,)]");
    }

    private static IEnumerable<string> Projects() => Directory.GetFiles(Root, "*.csproj", SearchOption.AllDirectories).Where(IsOurs);

    private static bool IsOurs(string file) => !Regex.IsMatch(System.IO.Path.GetRelativePath(Root, file).Replace('\\', '/'), "(^|/)(artifacts|node_modules|bin|obj)/");

    private static string WithoutComments(string code) => Literal().Replace(Comment().Replace(code, ""), "\"\"");

    private static string FindRoot()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(System.IO.Path.Combine(at.FullName, "Milliways.slnx")))
            at = at.Parent ?? throw new InvalidOperationException("The tests run outside of the source tree.");
        return at.FullName;
    }

    [GeneratedRegex(@"(?m)^\s*//.*$|(?<=[\s;{}])//\s.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"'(?:[^'\\\n]|\\.)'|""(?:[^""\\\n]|\\.)*""")]
    private static partial Regex Literal();

    [GeneratedRegex(@"#pragma warning disable [\w, ]+ // .{10,}")]
    private static partial Regex Reason();

    [GeneratedRegex(@"\b(?:class|interface|struct|enum|delegate \w+)\s+([A-Z]\w+)")]
    private static partial Regex TypeName();
}
