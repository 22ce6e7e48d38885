namespace Milliways.Dialects.Tests.Conformance;

/// <summary>
/// Every bug that dialects §5 lists of our peers, by its id. Each is cited by a test that would fail if we had it, or stands here with the reason why it
/// cannot be ours.
/// </summary>
public static class ReportedBugs
{
    /// <summary>The sections of §5 and how many bugs each has.</summary>
    private static readonly (string Section, int Count)[] Sections =
    [
        ("BLK", 21), ("CHK", 19), ("ARG", 13), ("RES", 12), ("TID", 10), ("CNT", 15), ("PAR", 14), ("STR", 5), ("THK", 7), ("USG", 16), ("ERR", 14),
        ("DIS", 5), ("SSE", 12), ("RSP", 13),
    ];

    /// <summary>Why a row is no test of ours.</summary>
    public static IReadOnlyDictionary<string, string> NotOurs { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
    };

    public static IReadOnlyList<string> All { get; } = [.. Sections.SelectMany(section => Section(section.Section, section.Count))];

    private static IEnumerable<string> Section(string name, int count) => Enumerable.Range(1, count).Select(number => $"{name}-{number:00}");
}
