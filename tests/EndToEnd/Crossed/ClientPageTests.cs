using System.Text.Json.Nodes;
using System.Xml.Linq;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Crossed;

/// <summary>docs/clients.md names the versions that are really tested.</summary>
public sealed class ClientPageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "clients.md"));

    [Fact]
    public void The_page_names_every_npm_client_with_its_version()
    {
        var packages = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Clients, "package.json")))!["dependencies"]!.AsObject();

        Assert.All(packages.Where(package => package.Key != "zod"), package => Assert.Contains($"`{package.Key}` {package.Value}", Page, StringComparison.Ordinal));
    }

    [Theory, InlineData("OpenAI"), InlineData("Anthropic"), InlineData("Grpc.Net.Client")]
    public void The_page_names_every_NuGet_client_with_its_version(string name)
    {
        var versions = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion");
        var version = versions.Single(package => package.Attribute("Include")!.Value == name).Attribute("Version")!.Value;

        Assert.Contains($"`{name}` {version}", Page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_tells_every_gap_of_the_table() =>
        Assert.All(Table.Clients.SelectMany(client => client.Absent.Values), reason => Assert.Contains(reason, Page, StringComparison.Ordinal));
}
