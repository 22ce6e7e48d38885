using System.Globalization;
using System.Text;
using Milliways.Credits;

namespace Milliways.Logs;

/// <summary>Entries as people read them.</summary>
internal static class LogText
{
    /// <summary>One line of a list.</summary>
    public static string Line(LogEntry entry) => string.Create(CultureInfo.InvariantCulture,
        $"{entry.CreatedAt:yyyy-MM-dd HH:mm:ss.fff}  {entry.StatusCode}{(entry.Success ? " " : "!")} {entry.Duration,7} ms  {entry.TokensIn,6} in {entry.TokensOut,6} out  {Dollars(entry)}  {entry.Model ?? entry.ModelAsked ?? entry.Path}  {entry.RequestId}{(entry.Error is null ? "" : "  " + OneLine(entry.Error))}");

    /// <summary>All that is known of one.</summary>
    public static string Of(LogDetail detail)
    {
        var (text, entry) = (new StringBuilder(), detail.Entry);
        foreach (var (name, value) in Facts(entry))
            if (!string.IsNullOrEmpty(value))
                text.Append(CultureInfo.InvariantCulture, $"{name,-18}{OneLine(value)}\n");
        foreach (var step in detail.Others)
            text.Append(CultureInfo.InvariantCulture, $"{"step " + step.Step.ToString(CultureInfo.InvariantCulture),-18}{Line(step)}\n");
        if (detail.Payload is { } payload)
            text.Append('\n').Append(payload.RequestHead).Append("\r\n").Append(payload.RequestBody).Append(entry.RequestComplete ? "\n\n" : "\n(not all of it was kept)\n\n")
                .Append(payload.ResponseHead).Append("\r\n").Append(payload.ResponseBody).Append(entry.ResponseComplete ? "\n" : "\n(not all of it was kept)\n");
        return text.ToString();
    }

    private static IEnumerable<(string Name, string? Value)> Facts(LogEntry entry) =>
    [
        ("id", entry.Id), ("request", entry.RequestId), ("event", entry.EventId == entry.Id ? null : entry.EventId), ("created", entry.CreatedAt.ToString("O", CultureInfo.InvariantCulture)),
        ("team", entry.Team), ("key", entry.KeyId), ("gateway", entry.Gateway), ("asked", $"{entry.Method} {entry.Path}"), ("type", $"{entry.ModelType}, {entry.RequestType}"),
        ("model asked", entry.ModelAsked), ("model", entry.Model), ("provider", entry.Provider), ("upstream", entry.Upstream),
        ("status", string.Create(CultureInfo.InvariantCulture, $"{entry.StatusCode}, {entry.Ending}")), ("refused", entry.Refused),
        ("failed", entry.FailedParty is null ? null : $"{entry.FailedParty}, {entry.FailedStage}"), ("error", entry.Error),
        ("attempts", Number(entry.Attempts)), ("step", entry.Step > 0 ? Number(entry.Step) : null), ("cached", entry.Cached ? "yes" : null),
        ("duration", Number(entry.Duration) + " ms"), ("first byte", entry.FirstByte is { } first ? Number(first) + " ms" : null),
        ("tokens in", $"{Number(entry.TokensIn)}{(entry.TokensCached > 0 ? $", {Number(entry.TokensCached)} cached" : "")}"),
        ("tokens out", $"{Number(entry.TokensOut)}{(entry.TokensReasoning > 0 ? $", {Number(entry.TokensReasoning)} reasoning" : "")}"), ("usage", entry.UsageSource),
        ("cost", entry.CostTicks is null ? null : Dollars(entry) + (entry.CustomCost ? ", as the caller stated" : "")), ("paid by", entry.Byok ? "own key" : entry.Wholesale ? "credits" : null),
        ("metadata", entry.Metadata), ("tags", entry.Tags), ("session", entry.Session), ("user agent", entry.UserAgent),
        ("request body", Body(entry.RequestSize, entry.RequestContentType)), ("response body", Body(entry.ResponseSize, entry.ResponseContentType)),
        ("feedback", entry.Feedback is { } feedback ? Number(feedback) : null), ("score", entry.Score is { } score ? Number(score) : null),
    ];

    private static string? Body(long? size, string? type) => size is null && type is null ? null : $"{(size is { } bytes ? Number(bytes) + " bytes" : "of unknown size")}{(type is null ? "" : ", " + type)}";

    private static string Dollars(LogEntry entry) =>
        entry.CostTicks is { } ticks ? "$" + (ticks / (decimal)Money.TicksPerDollar).ToString("0.000000####", CultureInfo.InvariantCulture) : "$-       ";

    /// <summary>A caller's text must not draw on the reader's terminal.</summary>
    private static string OneLine(string text) => string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter));

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
