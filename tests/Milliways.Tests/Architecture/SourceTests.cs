using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Milliways.Tests.Architecture;

/// <summary>Walls that no compiler keeps: which folder may know which, and what must carry a reason. Read from the sources themselves.</summary>
public sealed partial class SourceTests
{
    internal static readonly string Root = FindRoot();

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
        ("Milliways.Linux/", "Milliways.Dialects", []),
        ("Milliways.Linux/", "Milliways.Engine", []),
        ("Milliways.Dialects/Chat/", "Milliways.Dialects.OpenAiChat", []),
        ("Milliways.Dialects/Chat/", "Milliways.Dialects.Anthropic", []),
        ("Milliways.Dialects/Chat/", "Milliways.Dialects.Gemini", []),
        ("Milliways.Dialects/Json/", "Milliways.Dialects.OpenAiChat", []),
        ("Milliways.Dialects/Json/", "Milliways.Dialects.Anthropic", []),
        ("Milliways.Dialects/Sse/", "Milliways.Dialects.OpenAiChat", []),
        ("Milliways.Dialects/Sse/", "Milliways.Dialects.Anthropic", []),
        ("Milliways.Dialects/OpenAiChat/", "Milliways.Dialects.Anthropic", []),
        ("Milliways.Dialects/OpenAiChat/", "Milliways.Dialects.Completions", []),
        ("Milliways.Dialects/Chat/", "Milliways.Dialects.Completions", []),
        ("Milliways.Dialects/Chat/", "Milliways.Dialects.AnthropicComplete", []),
        ("Milliways.Dialects/Completions/", "Milliways.Dialects.Anthropic", []),
        ("Milliways.Dialects/AnthropicComplete/", "Milliways.Dialects.OpenAiChat", []),
        ("Milliways.Dialects/AnthropicComplete/", "Milliways.Dialects.Anthropic", []),
        ("Milliways.Dialects/Anthropic/", "Milliways.Dialects.OpenAiChat", []),
        ("Milliways.Dialects/Anthropic/", "Milliways.Dialects.Gemini", []),
        ("Milliways.Dialects/OpenAiChat/", "Milliways.Dialects.Gemini", []),
        ("Milliways.Dialects/Gemini/", "Milliways.Dialects.OpenAiChat", []),
        ("Milliways.Dialects/Gemini/", "Milliways.Dialects.Anthropic", []),
        // protobuf's types stay where the wire is: the neutral model and the other dialects know nothing of them.
        .. new[] { "Chat", "Json", "Sse", "OpenAiChat", "OpenAiResponses", "Anthropic", "AnthropicComplete", "Completions", "Gemini" }
            .SelectMany(folder => new[] { "Milliways.Dialects.XaiGrpc", "Google.Protobuf", "Grpc.Core" }.Select(known => ($"Milliways.Dialects/{folder}/", known, Array.Empty<string>()))),
        ("Milliways.Dialects/XaiGrpc/", "Milliways.Dialects.Anthropic", []),
        ("Milliways.Dialects/XaiGrpc/", "Milliways.Dialects.Gemini", []),
        ("Milliways.Dialects/XaiGrpc/", "Milliways.Dialects.OpenAiResponses", []),
        .. Rows("Milliways/Upstreams/", "Routing", "Exchanges", "Api", "Gateway", "Keys"),
        .. Rows("Milliways/Routing/", "Exchanges", "Api", "Gateway", "Keys"),
        .. Rows("Milliways/Routing/Health/", "Routing.Order", "Routing.Retries"),
        .. Rows("Milliways/Exchanges/", "Api", "Gateway", "Storage"),
        .. Rows("Milliways/Exchanges/Relays/", "Exchanges.Attempts", "Routing", "Upstreams"),
        .. Rows("Milliways/Keys/", "Routing", "Upstreams", "Api"),
        .. Rows("Milliways/Catalogue/", "Keys", "Exchanges", "Api"),
        .. Rows("Milliways/Storage/", "Api", "Catalogue", "Credits", "Engines", "Exchanges", "Gateway", "Keys", "Routing", "Teams", "Upstreams"),
        ("Milliways/Api/", "Milliways.Storage", []),
        ("Milliways/Gateway/", "Milliways.Storage", ["Milliways/Gateway/Settings/GatewayStore.cs"]), // a store as Keys has one
        .. Rows("Milliways/Stored/", "Api", "Exchanges", "Gateway", "Keys", "Routing", "Upstreams"),
        ("Milliways/Exchanges/", "Milliways.Stored", []),
        ("Milliways/Storage/", "Milliways.Stored", []),
        .. Rows("Milliways/Logs/", "Api", "Engines", "Limits", "Management"),
        ("Milliways/Exchanges/", "Milliways.Logs", []), // an exchange has a place for what is logged, and knows no store
        ("Milliways/Storage/", "Milliways.Logs", []),
        ("Milliways/Teams/", "Milliways.Keys", []),
        .. Rows("Milliways/Limits/", "Api", "Credits"),
        ("Milliways/Limits/", "Milliways.Storage", ["Milliways/Limits/Sharing/ShareStore.cs", "Milliways/Limits/Sharing/SharedLimits.cs"]), // what several servers share is in their database
        .. Rows("Milliways/Limits/Counting/", "Catalogue", "Exchanges", "Gateway", "Hosting", "Keys", "Routing", "Teams", "Upstreams"), // plain state machines
        ("Milliways/Routing/", "Milliways.Limits", []),
        ("Milliways/Exchanges/", "Milliways.Limits", []),
        .. Rows("Milliways/Teams/", "Api", "Exchanges", "Gateway", "Management", "Routing", "Upstreams"),
        .. Rows("Milliways/Keys/", "Management"),
        .. Rows("Milliways/Management/", "Storage", "Gateway", "Routing", "Upstreams"),
        .. Rows("Milliways/Alerts/", "Api", "Exchanges", "Gateway", "Keys", "Limits", "Management"),
        ("Milliways/Credits/", "Milliways.Alerts", []), // it tells an interface of its own
        .. Rows("Milliways/Hosting/Admin/", "Api", "Exchanges", "Management", "Routing"),
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

    [Theory]
    [InlineData("using Milliways.Keys;", true)]
    [InlineData("var key = Milliways.Keys.KeyText.New();", true)]
    [InlineData("var key = Keys.KeyText.New();", true)]
    [InlineData("using Milliways.KeysAndLocks;", false)]
    [InlineData("foreach (var name in names.Keys) { }", false)]
    public void A_wall_sees_a_using_a_full_name_and_a_relative_one(string code, bool seen) => Assert.Equal(seen, Knows(("", code), "Milliways.Keys"));

    [Fact]
    public void Dialects_touch_no_file_no_clock_and_no_dice()
    {
        foreach (var (path, code) in Sources.Where(source => source.Path.StartsWith("Milliways.Dialects/", StringComparison.Ordinal)))
            Assert.False(Regex.IsMatch(code, @"(?<![\w.])(File|Directory|FileStream|Console|Process|Environment|Stopwatch|RandomNumberGenerator|Guid|Task|Thread|Random)(\.|<|\()|\bTimeProvider\b|\basync\b"), path);
    }

    [Fact]
    public void Only_what_calls_native_code_is_unsafe()
    {
        foreach (var (path, code) in Sources.Where(source => !source.Path.StartsWith("Milliways.Engine/", StringComparison.Ordinal) && !source.Path.StartsWith("Milliways.Linux/", StringComparison.Ordinal)))
            Assert.False(Regex.IsMatch(code, @"\bunsafe\b|\bMarshal\.|\bMemoryMarshal\.|\bUnsafe\.|\bDllImport\b|\bLibraryImport\b"), path);
        foreach (var project in Projects().Where(project => XDocument.Load(project).Descendants("AllowUnsafeBlocks").Any(element => element.Value == "true")))
            Assert.Matches("Engine|Linux", System.IO.Path.GetFileName(project));
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
    public void A_banned_symbol_is_an_error_in_every_project_of_the_product()
    {
        var severities = File.ReadLines(System.IO.Path.Combine(Root, ".editorconfig")).Where(line => line.StartsWith("dotnet_diagnostic.RS0030.severity", StringComparison.Ordinal));
        Assert.Equal(["dotnet_diagnostic.RS0030.severity = error"], severities);

        // One group of Directory.Build.props, which every project below src takes: none may shut it out or answer the ban with NoWarn.
        var props = XDocument.Load(System.IO.Path.Combine(Root, "Directory.Build.props"));
        var group = Assert.Single(props.Descendants("ItemGroup"), group => group.Elements("PackageReference").Any(package => package.Attribute("Include")!.Value == "Microsoft.CodeAnalysis.BannedApiAnalyzers"));
        Assert.Equal("'$(InSource)' == 'true'", group.Attribute("Condition")!.Value);
        Assert.Equal("$(MSBuildThisFileDirectory)BannedSymbols.txt", Assert.Single(group.Elements("AdditionalFiles")).Attribute("Include")!.Value);
        var product = Projects().Where(project => System.IO.Path.GetRelativePath(Root, project).StartsWith("src", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(product);
        Assert.Empty(Directory.GetFiles(System.IO.Path.Combine(Root, "src"), "Directory.Build.*", SearchOption.AllDirectories));
        foreach (var project in product)
        {
            Assert.DoesNotContain("RS0030", File.ReadAllText(project), StringComparison.Ordinal);
            // What the restore of this very build brought in.
            var assets = File.ReadAllText(System.IO.Path.Combine(Root, "artifacts", "obj", System.IO.Path.GetFileNameWithoutExtension(project), "project.assets.json"));
            Assert.Contains("Microsoft.CodeAnalysis.BannedApiAnalyzers/", assets, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("RS0030", props.ToString(), StringComparison.Ordinal);
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

    private static IEnumerable<(string From, string To, string[] Except)> Rows(string from, params string[] capabilities) =>
        capabilities.Select(capability => (from, $"Milliways.{capability}", Array.Empty<string>()));

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
}
