namespace Milliways.Dialects.Chat;

/// <summary>Flavours as words, in commands and databases.</summary>
public static class Flavours
{
    public static string Word(this Flavour flavour) => flavour == Flavour.Xai ? "xai" : "openai";

    /// <summary>Null for a word that is none.</summary>
    public static Flavour? Parse(string word) => word switch
    {
        "xai" => Flavour.Xai,
        "openai" => Flavour.OpenAi,
        _ => null,
    };
}
