using System.Collections.Frozen;

namespace Milliways.Keys;

/// <summary>The endpoints that xAI's ACLs know (xai-api 2.1).</summary>
[Flags]
internal enum KeyEndpoints
{
    None = 0,
    Chat = 1,
    Embed = 2,
    Image = 4,
    Models = 8,
    Sample = 16,
    Tokenize = 32,
    Documents = 64,
    All = 127,
}

/// <summary>
/// What a key may do, in xAI's strings: <c>api-key:endpoint:NAME</c> and <c>api-key:model:NAME</c>, <c>*</c> for all of a kind. Without an entry of a kind
/// there is no access (xai-api 2.1). Names are compared letter by letter, as the router compares them.
/// </summary>
internal sealed class KeyAcls
{
    public const string EndpointPrefix = "api-key:endpoint:";
    public const string ModelPrefix = "api-key:model:";

    private const int Most = 1000;
    private const int Longest = 256;

    private readonly FrozenSet<string> _models;

    private KeyAcls(IReadOnlyList<string> texts)
    {
        Texts = texts;
        foreach (var text in texts)
            if (text.StartsWith(EndpointPrefix, StringComparison.Ordinal))
                Endpoints |= Endpoint(text[EndpointPrefix.Length..]) ?? KeyEndpoints.None;
        _models = texts.Where(text => text.StartsWith(ModelPrefix, StringComparison.Ordinal)).Select(text => text[ModelPrefix.Length..]).ToFrozenSet(StringComparer.Ordinal);
        AllModels = _models.Contains("*");
    }

    public static KeyAcls All { get; } = new([ModelPrefix + "*", EndpointPrefix + "*"]);

    /// <summary>The names of endpoints, with what they are for.</summary>
    public static IReadOnlyList<(string Name, KeyEndpoints Endpoint, string Description)> Names { get; } =
    [
        ("chat", KeyEndpoints.Chat, "Chat Completions, Responses and Messages, deferred and stored answers, batches"),
        ("embed", KeyEndpoints.Embed, "Embeddings"),
        ("image", KeyEndpoints.Image, "Images and videos"),
        ("models", KeyEndpoints.Models, "Lists of models"),
        ("sample", KeyEndpoints.Sample, "Legacy text completions"),
        ("tokenize", KeyEndpoints.Tokenize, "Tokens of a text, and their count"),
        ("documents", KeyEndpoints.Documents, "Search in documents, and files"),
    ];

    /// <summary>As they were given, each once.</summary>
    public IReadOnlyList<string> Texts { get; }

    public KeyEndpoints Endpoints { get; }

    /// <summary>Every model, also those that come later.</summary>
    public bool AllModels { get; }

    /// <summary>The model names it lists.</summary>
    public IReadOnlyCollection<string> Models => _models;

    public bool AllowsModel(string name) => AllModels || _models.Contains(name);

    /// <summary>One of several endpoints that a path belongs to is enough.</summary>
    public bool Allows(KeyEndpoints any) => (Endpoints & any) != 0;

    /// <summary>Reads ACLs; a problem names the entry and the remedy.</summary>
    public static KeyAcls? Parse(IEnumerable<string> texts, out string? problem)
    {
        var all = texts.Distinct(StringComparer.Ordinal).ToList();
        problem = all.Count > Most ? $"A key has at most {Most} ACLs." : all.Select(Problem).FirstOrDefault(found => found is not null);
        return problem is null ? new KeyAcls(all) : null;
    }

    /// <summary>What the database has: nothing in it was written without <see cref="Parse"/>.</summary>
    public static KeyAcls Read(string stored) =>
        stored.Length == All.Text.Length && stored == All.Text ? All : new KeyAcls(stored.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>As the database keeps them.</summary>
    public string Text => string.Join(' ', Texts);

    /// <summary>The word of the first endpoint of a set, for errors.</summary>
    public static string Word(KeyEndpoints any) => Names.First(row => (row.Endpoint & any) != 0).Name;

    private static string? Problem(string text)
    {
        if (text.Length > Longest || text.AsSpan().ContainsAnyInRange('\0', ' '))
            return $"The ACL \"{text[..Math.Min(text.Length, 80)]}\" is longer than {Longest} characters or has a space in it.";
        if (text.StartsWith(EndpointPrefix, StringComparison.Ordinal))
            return Endpoint(text[EndpointPrefix.Length..]) is null
                ? $"The ACL \"{text}\" names no endpoint: write {EndpointPrefix}* or one of {string.Join(", ", Names.Select(row => row.Name))}." : null;
        return text.StartsWith(ModelPrefix, StringComparison.Ordinal) && text.Length > ModelPrefix.Length
            ? null
            : $"The ACL \"{text}\" is none: write {EndpointPrefix}NAME or {ModelPrefix}NAME, with * for all.";
    }

    private static KeyEndpoints? Endpoint(string name)
    {
        if (name == "*")
            return KeyEndpoints.All;
        foreach (var row in Names)
            if (row.Name == name)
                return row.Endpoint;
        return null;
    }
}
