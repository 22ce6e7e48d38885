using System.Text.Json;
using Milliways.Dialects.Json;

namespace Milliways.Dialects.Anthropic;

/// <summary>The <c>$ref</c>s of a JSON schema that point into itself.</summary>
internal static class SchemaReferences
{
    /// <summary>A bound on walks through schemas that a client makes up.</summary>
    private const int MostSteps = 10_000;

    /// <summary>Something in the schema contains itself.</summary>
    public static bool IsRecursive(JsonElement root)
    {
        var steps = 0;
        return Recurs(root, root, [], ref steps);
    }

    /// <summary>Where references point.</summary>
    public static HashSet<string> Targets(JsonElement schema)
    {
        var targets = new HashSet<string>(StringComparer.Ordinal);
        Collect(schema, targets);
        return targets;
    }

    /// <summary>What a local reference points to, or null.</summary>
    public static JsonElement? Resolve(JsonElement root, string reference)
    {
        if (reference == "#") return root;
        if (!reference.StartsWith("#/", StringComparison.Ordinal)) return null;
        var at = root;
        foreach (var piece in reference[2..].Split('/'))
        {
            var name = Uri.UnescapeDataString(piece).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            at = at.Get(name);
            if (at.ValueKind == JsonValueKind.Undefined) return null;
        }

        return at;
    }

    private static bool Recurs(JsonElement root, JsonElement schema, List<string> open, ref int steps)
    {
        if (++steps > MostSteps) return true;
        switch (schema.ValueKind)
        {
            case JsonValueKind.Array:
                foreach (var item in schema.EnumerateArray())
                    if (Recurs(root, item, open, ref steps)) return true;
                return false;
            case JsonValueKind.Object:
                if (schema.Text("$ref") is { } reference && Resolve(root, reference) is { } target)
                {
                    if (reference == "#" || open.Contains(reference)) return true;
                    open.Add(reference);
                    if (Recurs(root, target, open, ref steps)) return true;
                    open.RemoveAt(open.Count - 1);
                }

                foreach (var member in schema.EnumerateObject())
                    if (member.Name is not ("$defs" or "definitions" or "enum" or "const" or "default" or "examples") && Recurs(root, member.Value, open, ref steps)) return true;
                return false;
            default:
                return false;
        }
    }

    private static void Collect(JsonElement schema, HashSet<string> targets)
    {
        if (schema.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in schema.EnumerateArray()) Collect(item, targets);
        }
        else if (schema.ValueKind == JsonValueKind.Object)
        {
            if (schema.Text("$ref") is { } reference) targets.Add(reference);
            foreach (var member in schema.EnumerateObject()) Collect(member.Value, targets);
        }
    }
}
