using System.Collections.Concurrent;
using System.Text;

namespace Milliways.Storage;

/// <summary>A statement's text, read once: which parameters it has, and how it looks with PostgreSQL's numbered ones.</summary>
/// <param name="Names">The parameters, <c>$name</c>, in the order in which they first appear.</param>
/// <param name="Numbered">The text with <c>$1</c>, <c>$2</c> ... in their places.</param>
internal sealed record SqlText(IReadOnlyList<string> Names, string Numbered)
{
    /// <summary>Texts are constants of the source; this bounds the ones that are put together.</summary>
    private const int MostKept = 2048;

    private static readonly ConcurrentDictionary<string, SqlText> Known = new(StringComparer.Ordinal);

    public static SqlText Of(string sql)
    {
        if (Known.TryGetValue(sql, out var known))
            return known;
        var read = Read(sql);
        if (Known.Count < MostKept)
            Known[sql] = read;
        return read;
    }

    /// <summary>What <see cref="Of"/> keeps.</summary>
    internal static SqlText Read(string sql)
    {
        var names = new List<string>();
        var numbered = new StringBuilder(sql.Length);
        for (var at = 0; at < sql.Length;)
        {
            var length = Opaque(sql, at);
            if (length == 0 && sql[at] == '$' && at + 1 < sql.Length && IsNameStart(sql[at + 1]))
            {
                var end = at + 1;
                while (end < sql.Length && (IsNameStart(sql[end]) || char.IsAsciiDigit(sql[end])))
                    end++;
                var name = sql[at..end];
                if (!names.Contains(name))
                    names.Add(name);
                numbered.Append('$').Append(names.IndexOf(name) + 1);
                at = end;
                continue;
            }
            length = Math.Max(length, 1);
            numbered.Append(sql, at, length);
            at += length;
        }
        return new SqlText(names, numbered.ToString());
    }

    /// <summary>The length of the literal, quoted name or comment that begins here; 0: none does.</summary>
    internal static int Opaque(string sql, int at)
    {
        var rest = sql.AsSpan(at);
        if (rest[0] is '\'' or '"')
        {
            // A doubled quote ends one piece and begins the next, which is as good.
            var end = rest[1..].IndexOf(rest[0]);
            return end < 0 ? rest.Length : end + 2;
        }
        if (rest.StartsWith("--"))
            return rest.IndexOf('\n') is >= 0 and var line ? line : rest.Length;
        if (rest.StartsWith("/*"))
            return rest.IndexOf("*/") is >= 0 and var close ? close + 2 : rest.Length;
        return 0;
    }

    private static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c == '_';
}
