using System.Globalization;
using Milliways.Credits;
using Milliways.Hosting.Configuration;
using Milliways.Teams;

namespace Milliways.Logs;

/// <summary>How a field is compared.</summary>
internal enum FilterOperator { Eq, Neq, Contains, Lt, Gt }

/// <summary>A filter as it was asked for: names and values as text.</summary>
/// <param name="Key">One of <see cref="LogFields"/>.</param>
/// <param name="Operator"><c>eq</c> (one of the values), <c>neq</c> (none of them), <c>contains</c> (one of them, whatever the case), <c>lt</c>, <c>gt</c>.</param>
/// <param name="Value">At least one; <c>lt</c> and <c>gt</c> take one.</param>
internal sealed record FilterText(string Key, string Operator, IReadOnlyList<string> Value);

/// <summary>A filter that was read and makes sense.</summary>
/// <param name="Values">Texts or numbers, as the store has them.</param>
internal sealed record LogFilter(LogField Field, FilterOperator Operator, IReadOnlyList<object> Values)
{
    private const int MostValues = 100;

    public static IReadOnlyList<string> Operators { get; } = ["eq", "neq", "contains", "lt", "gt"];

    /// <exception cref="CommandException">The key, the operator or a value is none; it says which and what is.</exception>
    public static LogFilter Read(FilterText given)
    {
        var field = LogFields.Find(given.Key) ?? throw Wrong(
            $"\"{given.Key}\" is nothing that logs are filtered by{NearestName.Hint(given.Key, Names)}{(NearestName.Hint(given.Key, Names).Length > 0 ? "" : $": write one of {string.Join(", ", Names)}.")}");
        var at = Operators.ToList().IndexOf(given.Operator);
        if (at < 0)
            throw Wrong($"\"{given.Operator}\" of the filter {given.Key} is no operator{(NearestName.Hint(given.Operator, Operators) is { Length: > 0 } hint ? hint : ".")} Write one of {string.Join(", ", Operators)}.");
        var compared = (FilterOperator)at;
        Check(field, compared, given);
        return new LogFilter(field, compared, [.. given.Value.Select(value => compared == FilterOperator.Contains ? value : Parse(field, value))]);
    }

    private static IEnumerable<string> Names => LogFields.All.Select(one => one.Name);

    private static void Check(LogField field, FilterOperator compared, FilterText given)
    {
        if (given.Value.Count is 0 or > MostValues)
            throw Wrong(string.Create(CultureInfo.InvariantCulture, $"The filter {field.Name} has {given.Value.Count} values: give from 1 to {MostValues}."));
        var isOrdered = field.Kind is FieldKind.Number or FieldKind.Time or FieldKind.Money;
        if (compared is FilterOperator.Lt or FilterOperator.Gt && (!isOrdered || given.Value.Count > 1))
            throw Wrong(isOrdered ? $"The filter {field.Name} is compared by {given.Operator} with one value." : $"{field.Name} has no order: filter it by eq, neq{(field.Kind == FieldKind.Flag ? "" : " or contains")}.");
        if (compared == FilterOperator.Contains && field.Kind is not (FieldKind.Text or FieldKind.Metadata))
            throw Wrong($"{field.Name} is no text: filter it by eq, neq{(isOrdered ? ", lt or gt" : "")}.");
    }

    private static object Parse(LogField field, string value) => field.Kind switch
    {
        FieldKind.Number => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw Unfit(field, value, "a whole number"),
        FieldKind.Flag => value switch { "true" or "1" => 1L, "false" or "0" => 0L, _ => throw Unfit(field, value, "true or false") },
        FieldKind.Time => Time(value) ?? throw Unfit(field, value, "a time such as 2025-03-01T12:00:00Z, or Unix milliseconds"),
        FieldKind.Money => Ticks(value) ?? throw Unfit(field, value, "an amount in US dollars such as 0.25"),
        _ => value,
    };

    private static long? Time(string value) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) ? milliseconds
        : DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time.ToUnixTimeMilliseconds()
        : null;

    private static long? Ticks(string value) =>
        decimal.TryParse(value, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var dollars) && Math.Abs(dollars) < 100_000_000
            ? (long)decimal.Round(dollars * Money.TicksPerDollar) : null;

    private static CommandException Unfit(LogField field, string value, string kind) => Wrong($"\"{value}\" of the filter {field.Name} must be {kind}.");

    private static CommandException Wrong(string message) => new(CommandProblem.Invalid, message);
}
