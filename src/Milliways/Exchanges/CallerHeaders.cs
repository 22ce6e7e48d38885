using System.Globalization;
using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>What a caller asks of the gateway itself, in headers (contract, "HTTP surface").</summary>
internal static class CallerHeaders
{
    public const string Timeout = "x-milliways-timeout-ms";

    public const string Tags = "x-milliways-tags";

    public const string Strict = "x-milliways-strict";

    private const int MostTags = 1024;

    /// <summary>Reads them into the exchange; a failure names the one that is wrong.</summary>
    public static Failure? Read(Exchange exchange)
    {
        var headers = exchange.Http.Request.Headers;
        if (headers.TryGetValue(Tags, out var tags))
        {
            var text = tags.ToString();
            if (text.Length > MostTags)
                return Wrong(Tags, string.Create(CultureInfo.InvariantCulture, $"may have at most {MostTags} characters"));
            exchange.Http.Response.Headers[Tags] = HeaderText.Safe(text);
        }
        if (headers.TryGetValue(Strict, out var strict))
        {
            // Someone who asks for strictness must not get an answer to less because of a word we do not know.
            if (!bool.TryParse(strict.ToString(), out var isStrict))
                return Wrong(Strict, "must be true or false");
            exchange.IsStrict = isStrict;
        }
        if (!headers.TryGetValue(Timeout, out var timeout))
            return null;
        if (!int.TryParse(timeout.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) || milliseconds == 0)
            return Wrong(Timeout, "must be a whole number of milliseconds, at least 1, such as 30000");
        exchange.Limit = TimeSpan.FromMilliseconds(milliseconds);
        return null;
    }

    private static Failure Wrong(string header, string remedy) =>
        new(FailureKind.InvalidRequest, FailureParty.Client, "headers", $"The header {header} {remedy}.") { Param = header };
}
