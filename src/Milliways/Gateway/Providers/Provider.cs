using Milliways.Dialects.Chat;
using Milliways.Upstreams;

namespace Milliways.Gateway.Providers;

/// <summary>A provider of Cloudflare's list as data (cloudflare 1.3, 1.4): where its paths lead, and how it wants its key.</summary>
/// <param name="Slug">As in its paths.</param>
/// <param name="Base">What the rest of a path is put behind; null where the path itself says, or nobody but the operator knows.</param>
internal sealed record Provider(string Slug, string? Base)
{
    /// <summary>Leading pieces of a path that the base has already; the first that fits goes.</summary>
    public IReadOnlyList<string> Strips { get; init; } = [];

    /// <summary>Makes the whole address out of the rest of a path; null: base and rest.</summary>
    public Func<string, Reading<MappedAddress>>? Map { get; init; }

    /// <summary>What the rest of a path becomes before anything else; null: it stays.</summary>
    public Func<string, string>? Rewrite { get; init; }

    public UpstreamDialect Dialect { get; init; } = UpstreamDialect.OpenAiChat;

    /// <summary>The header that carries the key, and the word before it.</summary>
    public (string Header, string Scheme) Key { get; init; } = ("Authorization", "Bearer ");

    /// <summary>Keys that are more than a text to be sent.</summary>
    public KeyForm KeyForm { get; init; }

    /// <summary>What compat's calls are put behind; null: it has no Chat Completions, or nobody knows where.</summary>
    public string? ChatBase { get; init; }

    /// <summary>Answers Responses too.</summary>
    public bool Responses { get; init; }

    /// <summary>Answers Anthropic's Messages beside its own dialect.</summary>
    public bool Messages { get; init; }

    /// <summary>Other names on compat.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];
}

/// <summary>What a stored key may be beside a text that is sent as it is.</summary>
internal enum KeyForm
{
    Text,

    /// <summary>An access key of AWS, with which each request is signed.</summary>
    Aws,

    /// <summary>A service account of Google's, for which access tokens are given out.</summary>
    ServiceAccount,
}

/// <summary>What a path says of its host.</summary>
internal sealed record MappedAddress(string Base, string Path);
