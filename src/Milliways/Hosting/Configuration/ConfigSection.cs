using System.Globalization;
using System.Text.Json;

namespace Milliways.Hosting.Configuration;

/// <summary>
/// Reads the members of one JSON object by name and type. What is wrong is added to one list, so that all problems are told at once;
/// <see cref="Done"/> adds the names nobody asked for, each with the nearest known one.
/// </summary>
internal sealed class ConfigSection(ConfigNode node, string path, string file, List<ConfigProblem> problems)
{
    private readonly HashSet<string> _known = [];

    private static readonly (string Unit, long Bytes)[] Units = [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30)];

    public ConfigNode Node => node;

    public string Path => path;

    public void Problem(string message, ConfigNode? at = null, string? name = null) =>
        problems.Add(new ConfigProblem(file, (at ?? node).Line, name is null ? path : Join(name), message));

    public bool Has(string name) => Find(name) is not null;

    public bool IsList(string name) => Find(name)?.Kind == JsonValueKind.Array;

    /// <summary>The names of all members, which may be any.</summary>
    public IEnumerable<string> Names() => node.Members.Select(member => member.Name).Distinct().ToList();

    /// <summary>True when the member is there and is <c>null</c>: "switched off", which is not the same as absent.</summary>
    public bool IsNull(string name) => Find(name)?.Kind == JsonValueKind.Null;

    public string? Text(string name)
    {
        var value = Find(name);
        if (value is null || value.Kind == JsonValueKind.Null)
            return null;
        if (value.Kind == JsonValueKind.String)
            return value.Text;
        Problem("must be a text in double quotes", value, name);
        return null;
    }

    public bool? Flag(string name)
    {
        var value = Find(name);
        switch (value?.Kind)
        {
            case null or JsonValueKind.Null:
                return null;
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            default:
                Problem("must be true or false", value, name);
                return null;
        }
    }

    public int? Count(string name, int least = 0, int most = int.MaxValue)
    {
        var value = Find(name);
        if (value is null || value.Kind == JsonValueKind.Null)
            return null;
        if (value.Kind == JsonValueKind.Number && int.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count >= least && count <= most)
            return count;
        Problem(most == int.MaxValue ? $"must be a whole number of at least {least}" : $"must be a whole number from {least} to {most}", value, name);
        return null;
    }

    /// <summary>A number that may be larger than a count.</summary>
    /// <param name="remedy">What the problem's text says behind the bounds.</param>
    public long? Whole(string name, long least, long most, string remedy = "")
    {
        var value = Find(name);
        if (value is null || value.Kind == JsonValueKind.Null)
            return null;
        if (value.Kind == JsonValueKind.Number && long.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var whole) && whole >= least && whole <= most)
            return whole;
        Problem(string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {least} to {most}{remedy}"), value, name);
        return null;
    }

    /// <summary>A number of bytes such as <c>"512KiB"</c>, <c>"20MiB"</c>, <c>"1GiB"</c>.</summary>
    public long? Size(string name, long least, long most)
    {
        var text = Text(name);
        if (text is null)
            return null;
        foreach (var (unit, bytes) in Units)
            if (text.EndsWith(unit, StringComparison.Ordinal) && long.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                && count <= most / bytes && count * bytes >= least)
                return count * bytes;
        Problem(string.Create(CultureInfo.InvariantCulture, $"\"{text}\" is no size from {least} to {most} bytes: write a number and a unit, such as \"512KiB\" or \"20MiB\""), Find(name), name);
        return null;
    }

    /// <summary>A time such as <c>"500ms"</c>, <c>"5s"</c>, <c>"2m"</c>, <c>"24h"</c>, <c>"30d"</c>.</summary>
    public TimeSpan? Duration(string name)
    {
        var text = Text(name);
        if (text is null)
            return null;
        if (Durations.TryParse(text, out var duration))
            return duration;
        Problem($"\"{text}\" is no duration: write a number and a unit, such as \"500ms\", \"5s\", \"2m\", \"24h\" or \"30d\"", Find(name), name);
        return null;
    }

    /// <summary>A size such as <c>"512MiB"</c>, <c>"10GiB"</c>, <c>"1TiB"</c>, in bytes.</summary>
    public long? Size(string name)
    {
        var text = Text(name);
        if (text is null)
            return null;
        if (Sizes.TryParse(text, out var bytes))
            return bytes;
        Problem($"\"{text}\" is no size: write a number and a unit, such as \"512MiB\", \"10GiB\" or \"1TiB\"", Find(name), name);
        return null;
    }

    /// <summary>An amount of money or a price: a decimal string in US dollars, such as <c>"25.00"</c>.</summary>
    public decimal? Money(string name)
    {
        var text = Text(name);
        if (text is null)
            return null;
        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var money))
            return money;
        Problem($"\"{text}\" is no amount: write dollars as a decimal text, such as \"25.00\"", Find(name), name);
        return null;
    }

    public T? Choice<T>(string name, IReadOnlyDictionary<string, T> choices) where T : struct
    {
        var text = Text(name);
        if (text is null)
            return null;
        if (choices.TryGetValue(text, out var value))
            return value;
        Problem($"\"{text}\" is not one of {string.Join(", ", choices.Keys)}{NearestName.Hint(text, choices.Keys)}", Find(name), name);
        return null;
    }

    public IReadOnlyList<string>? Texts(string name)
    {
        var value = Find(name);
        if (value is null || value.Kind == JsonValueKind.Null)
            return null;
        if (value.Kind == JsonValueKind.Array && value.Items.TrueForAll(item => item.Kind == JsonValueKind.String))
            return value.Items.ConvertAll(item => item.Text);
        Problem("must be a list of texts", value, name);
        return null;
    }

    /// <summary>A list of whole numbers that are not negative.</summary>
    public List<int>? Numbers(string name)
    {
        var value = Find(name);
        if (value is null || value.Kind == JsonValueKind.Null)
            return null;
        var numbers = new List<int>();
        if (value.Kind == JsonValueKind.Array && value.Items.TrueForAll(item => item.Kind == JsonValueKind.Number && int.TryParse(item.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && Add(number)))
            return numbers;
        Problem("must be a list of whole numbers", value, name);
        return null;

        bool Add(int number)
        {
            numbers.Add(number);
            return true;
        }
    }

    public ConfigSection? Section(string name)
    {
        var value = Find(name);
        if (value is null || value.Kind == JsonValueKind.Null)
            return null;
        if (value.Kind == JsonValueKind.Object)
            return new ConfigSection(value, Join(name), file, problems);
        Problem("must be an object in braces", value, name);
        return null;
    }

    /// <summary>The objects of a list.</summary>
    public IEnumerable<ConfigSection> Sections(string name)
    {
        var value = Find(name);
        if (value is null || value.Kind == JsonValueKind.Null)
            yield break;
        if (value.Kind != JsonValueKind.Array)
        {
            Problem("must be a list", value, name);
            yield break;
        }
        for (var i = 0; i < value.Items.Count; i++)
        {
            var item = value.Items[i];
            var at = string.Create(CultureInfo.InvariantCulture, $"{Join(name)}[{i}]");
            if (item.Kind == JsonValueKind.Object)
                yield return new ConfigSection(item, at, file, problems);
            else
                problems.Add(new ConfigProblem(file, item.Line, at, "must be an object in braces"));
        }
    }

    /// <summary>All members as sections, whatever their names (upstreams, models).</summary>
    public IEnumerable<(string Name, ConfigSection Section)> Entries()
    {
        foreach (var (name, value) in node.Members)
        {
            if (!_known.Add(name))
                Problem("stands here twice", value, name);
            else if (value.Kind == JsonValueKind.Object)
                yield return (name, new ConfigSection(value, Join(name), file, problems));
            else
                Problem("must be an object in braces", value, name);
        }
    }

    /// <summary>Text members under free names (headers).</summary>
    public IEnumerable<(string Name, string Value)> TextEntries()
    {
        foreach (var (name, value) in node.Members)
        {
            _known.Add(name);
            if (value.Kind == JsonValueKind.String)
                yield return (name, value.Text);
            else
                Problem("must be a text in double quotes", value, name);
        }
    }

    /// <summary>Tells of every member that was not asked for, or that stands here twice.</summary>
    public void Done()
    {
        var seen = new HashSet<string>();
        foreach (var (name, value) in node.Members)
            if (!seen.Add(name))
                Problem("stands here twice", value, name);
            else if (!_known.Contains(name))
                Problem($"is not known here{NearestName.Hint(name, _known)}", value, name);
    }

    private ConfigNode? Find(string name)
    {
        _known.Add(name);
        ConfigNode? found = null;
        foreach (var (member, value) in node.Members)
            if (member == name)
                found = value;
        return found;
    }

    private string Join(string name) => path.Length == 0 ? name : $"{path}.{name}";
}
