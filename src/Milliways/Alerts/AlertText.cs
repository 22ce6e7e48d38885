namespace Milliways.Alerts;

/// <summary>Texts that others had a hand in: names of teams, keys and models, and what servers say.</summary>
internal static class AlertText
{
    private const int Longest = 500;

    /// <summary>One line of at most 500 characters, so that nobody writes lines of their own into a log, a mail or a terminal.</summary>
    public static string Line(string text)
    {
        var line = string.Concat(text.Select(letter => char.IsControl(letter) || letter is '\u2028' or '\u2029' ? ' ' : letter)).Trim();
        return line.Length > Longest ? line[..(char.IsHighSurrogate(line[Longest - 1]) ? Longest - 1 : Longest)] : line;
    }
}
