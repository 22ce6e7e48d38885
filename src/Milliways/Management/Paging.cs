using System.Globalization;
using System.Text;
using Milliways.Teams;

namespace Milliways.Management;

/// <summary>Pages of a list whose entries have a place that never changes: the token is the place of the last one shown, so nothing is shown twice or left out.</summary>
internal static class Paging
{
    private const int Usual = 100;
    private const int Most = 1000;

    /// <summary><c>pageSize</c>, 1 to 1000; 0 and absent mean 100.</summary>
    public static int Size(IQueryCollection query)
    {
        if (query["pageSize"] is not [{ Length: > 0 } text])
            return Usual;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size <= Most
            ? size == 0 ? Usual : size
            : throw ProtoJson.Wrong("pageSize", "a whole number from 1 to 1000");
    }

    /// <summary>What the page before ended with, or null for the first page.</summary>
    public static string? After(IQueryCollection query)
    {
        if (query["paginationToken"] is not [{ Length: > 0 } token])
            return null;
        var bytes = new byte[token.Length];
        return Convert.TryFromBase64String(token.Replace('-', '+').Replace('_', '/').PadRight((token.Length + 3) / 4 * 4, '='), bytes, out var length)
            ? Encoding.UTF8.GetString(bytes, 0, length)
            : throw Unknown();
    }

    public static string Token(string last) => Convert.ToBase64String(Encoding.UTF8.GetBytes(last)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    public static CommandException Unknown() => new(CommandProblem.Invalid, "paginationToken is none that this server gave: begin with the first page.");
}
