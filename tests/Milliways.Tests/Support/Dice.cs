using FsCheck;
using FsCheck.Fluent;

namespace Milliways.Tests.Support;

/// <summary>
/// Builds values from an array of numbers that FsCheck makes and shrinks: a shorter array of smaller numbers is a simpler value. When it is used up
/// every throw is 0.
/// </summary>
internal sealed class Dice(int[] throws)
{
    private int _at;

    public int Upto(int count) => _at < throws.Length ? throws[_at++] % count : 0;

    public bool Flip() => Upto(2) == 1;

    public T One<T>(params T[] values) => values[Upto(values.Length)];

    public List<T> Many<T>(int most, Func<int, T> make) => [.. Enumerable.Range(0, Upto(most + 1)).Select(make)];

    public static void Check(Action<Dice> claim, int tests = 500)
    {
        Prop.ForAll(Gen.Choose(0, 9973).ArrayOf().ToArbitrary(), thrown =>
        {
            claim(new Dice(thrown));
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(tests).WithEndSize(120));
    }

    /// <summary>The same for claims that wait for something; FsCheck runs one after the other.</summary>
    public static Task CheckAsync(Func<Dice, Task> claim, int tests = 500) => Task.Run(() =>
        Prop.ForAll(Gen.Choose(0, 9973).ArrayOf().ToArbitrary(), thrown => claim(new Dice(thrown))).Check(Config.QuickThrowOnFailure.WithMaxTest(tests).WithEndSize(120)));
}

/// <summary>JSON as clients may write it: odd spaces, escapes, numbers, depth, and members nobody knows.</summary>
internal static class OddJson
{
    private static readonly string[] Spaces = ["", " ", "\n  ", "\t", "\r\n"];
    private static readonly string[] Scalars =
        ["null", "true", "false", "0", "-0", "1.50", "1e400", "123456789012345678901234567890", "\"\"", "\"a\\\"b\"", "\"\\u00e9\\ud83d\\ude00\"", "\"生命🐬\"", "\"</script>\"", "\"\\/\"", "\"model\""];
    private static readonly string[] Names = ["a", "model", "stream", "stream_options", "include_usage", "x y", "生", "", "\\u006dodel"];

    public static string Space(Dice dice) => dice.One(Spaces);

    public static string Value(Dice dice, int depth = 3) => (depth == 0 ? 0 : dice.Upto(4)) switch
    {
        1 => "[" + string.Join(',', dice.Many(3, _ => Space(dice) + Value(dice, depth - 1) + Space(dice))) + Space(dice) + "]",
        // Nested objects may even repeat a name: that is the upstream's business.
        2 => "{" + Space(dice) + string.Join(',', dice.Many(3, _ => Member($"\"{dice.One(Names)}\"", Value(dice, depth - 1), dice))) + "}",
        _ => dice.One(Scalars),
    };

    public static string Member(string name, string value, Dice dice) => Space(dice) + name + Space(dice) + ":" + Space(dice) + value + Space(dice);
}
