using System.Data.Common;
using Milliways.Limits;

namespace Milliways.Teams;

/// <summary>The five columns of a <see cref="LimitSet"/>, which teams and keys store alike.</summary>
internal static class LimitColumns
{
    public const int Count = 5;

    public const string Names = "requests_per_second, requests_per_minute, requests_per_hour, tokens_per_minute, concurrent";

    public const string Assignments =
        "requests_per_second = $per_second, requests_per_minute = $per_minute, requests_per_hour = $per_hour, tokens_per_minute = $tokens, concurrent = $concurrent";

    public const string Parameters = "$per_second, $per_minute, $per_hour, $tokens, $concurrent";

    /// <summary>Reads them, beginning with column <paramref name="at"/>.</summary>
    public static LimitSet Read(DbDataReader row, int at) => new()
    {
        RequestsPerSecond = Whole(row, at),
        RequestsPerMinute = Whole(row, at + 1),
        RequestsPerHour = Whole(row, at + 2),
        TokensPerMinute = row.IsDBNull(at + 3) ? null : row.GetInt64(at + 3),
        Concurrent = Whole(row, at + 4),
    };

    public static (string Name, object? Value)[] Values(LimitSet limits) =>
    [
        ("$per_second", limits.RequestsPerSecond), ("$per_minute", limits.RequestsPerMinute), ("$per_hour", limits.RequestsPerHour),
        ("$tokens", limits.TokensPerMinute), ("$concurrent", limits.Concurrent),
    ];

    private static int? Whole(DbDataReader row, int at) => row.IsDBNull(at) ? null : (int)Math.Min(row.GetInt64(at), int.MaxValue);
}
