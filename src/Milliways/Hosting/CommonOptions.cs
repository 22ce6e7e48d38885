using System.CommandLine;
using Milliways.Dialects.Chat;
using Milliways.Storage;

namespace Milliways.Hosting;

/// <summary>Options that several commands take alike.</summary>
internal static class CommonOptions
{
    public static Option<string?> Data() => new("--data")
    {
        Description = "The data directory (MILLIWAYS_DATA; default $XDG_DATA_HOME/milliways or ~/.local/share/milliways)",
        HelpName = "DIR",
    };

    public static Option<string?> Config() => new("--config")
    {
        Description = "The configuration file (MILLIWAYS_CONFIG; default milliways.json here, then in the data directory)",
        HelpName = "FILE",
    };

    public static Option<string?> Database() => new("--database")
    {
        Description = "Where the data is (MILLIWAYS_DATABASE): postgres://user:password@host:5432/database; default files in the data directory",
        HelpName = "ADDRESS",
    };

    public static Option<bool> Json() => new("--json") { Description = "One JSON document on standard output" };

    public static Option<string?> Flavour(string description)
    {
        var flavour = new Option<string?>("--flavour") { Description = description, HelpName = "FLAVOUR" };
        flavour.AcceptOnlyFromAmong("xai", "openai");
        return flavour;
    }

    public static Flavour? ReadFlavour(string? given) => given is null ? null : Flavours.Parse(given);

    public static string DataDirectory(string? given) => given ?? NonEmpty("MILLIWAYS_DATA") ?? Hosting.DataDirectory.Default(Environment.GetEnvironmentVariable);

    public static string? ConfigFile(string? given) => given ?? NonEmpty("MILLIWAYS_CONFIG");

    /// <summary>What <c>--database</c> and <c>--data</c> name together.</summary>
    /// <exception cref="UserErrorException">The text is no address of PostgreSQL's.</exception>
    public static DatabaseAddress Database(string? database, string? data) => DatabaseAddress.Parse(DatabaseText(database), DataDirectory(data));

    public static string? DatabaseText(string? given) => given ?? NonEmpty("MILLIWAYS_DATABASE");

    private static string? NonEmpty(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;
}
