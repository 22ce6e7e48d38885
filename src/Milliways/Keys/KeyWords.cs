using System.Globalization;
using Milliways.Credits;
using Milliways.Dialects.Chat;
using Milliways.Hosting.Configuration;
using Milliways.Teams;

namespace Milliways.Keys;

/// <summary>What people write of keys, read; a problem names the field and the remedy.</summary>
internal static class KeyWords
{
    public const string None = "none";

    /// <summary>A duration from now, or a time.</summary>
    public static DateTimeOffset? Expiry(string? text, DateTimeOffset now)
    {
        if (text is null or None)
            return null;
        var time = Durations.TryParse(text, out var life) ? now + life
            : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var given) ? given
            : throw new CommandException(CommandProblem.Invalid, $"expires: \"{text}\" is no time: write a duration such as \"30d\", a time such as \"2026-01-31T12:00:00Z\", or \"{None}\".");
        return time > now ? time : throw new CommandException(CommandProblem.Invalid, $"expires: {text} is over already: name a time to come.");
    }

    public static long? Budget(string? dollars)
    {
        if (dollars is null or None)
            return null;
        return Money.TryParse(dollars, out var ticks) && ticks >= 0
            ? ticks
            : throw new CommandException(CommandProblem.Invalid, $"budget: \"{dollars}\" is no amount: write dollars as a decimal number such as \"25.00\", or \"{None}\".");
    }

    public static Flavour? FlavourOf(string? word) => word is null or None ? null
        : Flavours.Parse(word) ?? throw new CommandException(CommandProblem.Invalid, $"flavour: \"{word}\" is none: write xai or openai.");

    /// <summary>ACLs from names of models and endpoints; null means all of a kind.</summary>
    public static KeyAcls Acls(IReadOnlyList<string>? models, IReadOnlyList<string>? endpoints) => Acls(
    [
        .. (models ?? ["*"]).Select(name => KeyAcls.ModelPrefix + name),
        .. (endpoints ?? ["*"]).Select(name => KeyAcls.EndpointPrefix + name),
    ]);

    public static KeyAcls Acls(IEnumerable<string> texts) =>
        KeyAcls.Parse(texts, out var problem) ?? throw new CommandException(CommandProblem.Invalid, problem!);

    /// <summary>The ACLs with other models or other endpoints; null leaves those as they are.</summary>
    public static KeyAcls With(KeyAcls acls, IReadOnlyList<string>? models, IReadOnlyList<string>? endpoints) => Acls(
    [
        .. models?.Select(name => KeyAcls.ModelPrefix + name) ?? acls.Texts.Where(text => text.StartsWith(KeyAcls.ModelPrefix, StringComparison.Ordinal)),
        .. endpoints?.Select(name => KeyAcls.EndpointPrefix + name) ?? acls.Texts.Where(text => text.StartsWith(KeyAcls.EndpointPrefix, StringComparison.Ordinal)),
    ]);
}
