using System.Globalization;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Tests.Support;

/// <summary>
/// Builds values from an array of numbers that FsCheck makes and shrinks: a shorter array of smaller numbers is a simpler value. When it is used up
/// every throw is 0.
/// </summary>
public sealed class Dice(int[] throws)
{
    private static readonly string[] Words =
        ["", "a", " ", "Hi", "\n", "\"q\"", "\\", "生命", "🐬", "data: x\n\n", "event: error", "[DONE]", "\r\n", "\u2028", "<b>&amp;", "{\"a\":1}", "\u0001", "tail ", ": c"];

    private static readonly string[] Objects = ["{}", "{\"a\":1}", "{\"s\":\"}\\\"{\"}", "{\"n\":{\"l\":[1,2,{\"x\":null}]}}", "{\"u\":\"生\",\"f\":1.50}"];

    private static readonly int Factor = int.TryParse(Environment.GetEnvironmentVariable("MILLIWAYS_PROPERTY_TESTS"), CultureInfo.InvariantCulture, out var factor) ? factor : 1;

    private int at;

    public int Upto(int count) => at < throws.Length ? (int)(Math.Abs((long)throws[at++]) % count) : 0;

    public bool Flip() => Upto(2) == 1;

    public T One<T>(params T[] values) => values[Upto(values.Length)];

    public string Text() => string.Concat(Enumerable.Range(0, 1 + Upto(3)).Select(_ => Words[Upto(Words.Length)]));

    /// <summary>Text with something to see in it.</summary>
    public string Solid() => One("x", "y生", "🐬z") + Text();

    public string Object() => Objects[Upto(Objects.Length)];

    public List<T> Many<T>(int most, Func<int, T> make) => [.. Enumerable.Range(0, Upto(most + 1)).Select(make)];

    public static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement.Clone();

    public static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>MILLIWAYS_PROPERTY_TESTS=50 makes fifty times as many.</summary>
    public static void Check(Action<Dice, int[]> claim, int tests = 400)
    {
        var numbers = Gen.Choose(0, 997).ArrayOf().ToArbitrary();
        var pieces = Gen.Choose(1, 40).ArrayOf().ToArbitrary();
        Prop.ForAll(numbers, pieces, (thrown, sizes) =>
        {
            claim(new Dice(thrown), sizes);
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(tests * Factor).WithEndSize(120));
    }
}

/// <summary>Answers as legal event sequences, with the pieces of calls interleaved.</summary>
public static class Answers
{
    public static List<ChatEvent> Events(Dice dice, int choices = 1)
    {
        var events = new List<ChatEvent> { new ChatEvent.Started("up-1", "upstream", 1734999999) };
        for (var choice = 0; choice < choices; choice++) Choice(dice, choice, events);
        var usage = new ChatUsage(1 + dice.Upto(900), dice.Upto(50), dice.Upto(20), 40 + dice.Upto(90), dice.Upto(40));
        events.Add(new ChatEvent.UsageReported(usage));
        events.Add(ChatEvent.Completed.Instance);
        return events;
    }

    private static void Choice(Dice dice, int choice, List<ChatEvent> events)
    {
        var pending = new List<Queue<ChatEvent>>();
        var calls = 0;
        var count = dice.Upto(9);
        for (var step = 0; step < count; step++)
        {
            switch (dice.Upto(5))
            {
                case 0 or 1:
                    events.Add(new ChatEvent.TextDelta(choice, dice.Text()));
                    break;
                case 2:
                    events.Add(new ChatEvent.ReasoningDelta(choice, dice.Text()));
                    break;
                default:
                    events.Add(new ChatEvent.ToolCallStarted(choice, calls, $"call.{calls}", "f" + calls));
                    pending.Add(Fragments(dice, choice, calls++));
                    break;
            }

            // Whole calls one after another, or interleaved with whatever follows.
            if (dice.Flip()) Drain(dice, pending, events);
        }

        Drain(dice, pending, events);
        events.Add(new ChatEvent.Finished(choice, dice.One(StopReason.EndTurn, StopReason.MaxTokens, StopReason.ContentFilter, StopReason.ToolUse)));
    }

    private static Queue<ChatEvent> Fragments(Dice dice, int choice, int call)
    {
        var pieces = new Queue<ChatEvent>();
        var text = dice.Object();
        if (text == "{}" && dice.Flip()) return pieces;
        for (var from = 0; from < text.Length;)
        {
            // Never half a surrogate pair, of which there is none in the arguments.
            var size = Math.Min(text.Length - from, 1 + dice.Upto(7));
            pieces.Enqueue(new ChatEvent.ToolCallDelta(choice, call, text.Substring(from, size)));
            from += size;
        }

        return pieces;
    }

    private static void Drain(Dice dice, List<Queue<ChatEvent>> pending, List<ChatEvent> events)
    {
        while (pending.Exists(queue => queue.Count > 0))
        {
            var full = pending.FindAll(queue => queue.Count > 0);
            events.Add(full[dice.Upto(full.Count)].Dequeue());
        }
    }
}
