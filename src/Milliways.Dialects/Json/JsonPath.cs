using System.Globalization;

namespace Milliways.Dialects.Json;

/// <summary>Where a value stands, written out only when something is wrong with it.</summary>
internal sealed class JsonPath
{
    public static readonly JsonPath Root = new(null, null, -1);

    private readonly JsonPath? parent;
    private readonly string? name;
    private readonly int index;

    private JsonPath(JsonPath? parent, string? name, int index) => (this.parent, this.name, this.index) = (parent, name, index);

    public JsonPath Member(string member) => new(this, member, -1);

    public JsonPath Item(int position) => new(this, null, position);

    public override string ToString()
    {
        if (parent is null) return "";
        var before = parent.ToString();
        if (name is null) return before + "[" + index.ToString(CultureInfo.InvariantCulture) + "]";
        return before.Length == 0 ? name : before + "." + name;
    }
}
