namespace Milliways.Hosting.Configuration;

/// <summary>The section <c>registration</c>: may people make an account, a team and a first key by themselves?</summary>
internal sealed record RegistrationConfig
{
    public bool Enabled { get; init; }

    /// <summary>Only addresses of these domains, in lower case; empty: any.</summary>
    public IReadOnlyList<string> AllowedMailDomains { get; init; } = [];

    public static RegistrationConfig Read(ConfigSection section)
    {
        var config = new RegistrationConfig
        {
            Enabled = section.Flag("enabled") ?? false,
            AllowedMailDomains = [.. (section.Texts("allowedMailDomains") ?? []).Select(domain => domain.ToLowerInvariant())],
        };
        foreach (var domain in config.AllowedMailDomains)
            if (Uri.CheckHostName(domain) != UriHostNameType.Dns)
                section.Problem($"\"{domain}\" is no domain such as \"example.org\"", name: "allowedMailDomains");
        section.Done();
        return config;
    }
}
