using System.Text.Json.Nodes;
using Google.Protobuf;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Capabilities;

namespace Milliways.Dialects.Tests.Chat;

/// <summary>
/// Every value of every sample request of every caller's dialect, replaced by ones of other types: the request is read, or refused with the place and
/// words to mend it (dialects 4.14), and never an exception.
/// </summary>
public sealed class WrongRequestTests
{
    private static readonly string[] Wrong = ["5", "-1", "1.5", "1e400", "true", "\"odd\"", "\"\"", "{}", "{\"type\":\"odd\"}", "[]", "[5]", "[null]", "[{}]"];

    public static TheoryData<string> Names => [.. DialectRegistry.Callers.Select(caller => caller.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_wrong_value_anywhere_is_read_or_refused_with_its_place(string name)
    {
        var caller = DialectRegistry.Callers.First(caller => caller.Name == name);
        var refused = 0;
        foreach (var feature in RequestFeatures.All)
        {
            if (feature.Of(DialectRegistry.KeyOf(caller.Dialect)) is not { } sample || !caller.Dialect.ReadRequest(Matrix.Sent(caller.Dialect, sample.With)).IsOk) continue;
            var paths = Paths(JsonNode.Parse(sample.With)!, []).ToList();
            foreach (var path in paths)
            {
                foreach (var value in Wrong)
                {
                    var body = Replaced(sample.With, path, value);
                    if (Sent(caller.Dialect, body) is not { } sent || caller.Dialect.ReadRequest(sent).Failure is not { } failure) continue;
                    refused++;
                    Check(failure, path, body);
                }
            }
        }

        Assert.True(refused > 50, $"only {refused} were refused");
    }

    /// <summary>Null for what cannot be sent at all: most values of a wrong type over gRPC.</summary>
    private static byte[]? Sent(ICallerDialect dialect, string body)
    {
        try
        {
            return Matrix.Sent(dialect, body);
        }
        catch (Exception wrong) when (wrong is InvalidProtocolBufferException or InvalidJsonException)
        {
            return null;
        }
    }

    private static void Check(Failure failure, List<object> path, string body)
    {
        Assert.True(failure.Kind is FailureKind.InvalidRequest or FailureKind.Unprocessable or FailureKind.Unsupported, $"{failure} for {body}");
        Assert.True(failure.Party == FailureParty.Client && !string.IsNullOrEmpty(failure.Param), $"{failure} for {body}");
        var top = failure.Param!.Split('.', '[')[0];
        Assert.True(Related(top, (string)path[0]), $"{failure.Param} for {string.Join('.', path)} in {body}");
        Assert.Contains(top, failure.Message, StringComparison.Ordinal);
        Assert.True(failure.Message.Length > failure.Param.Length + 8, $"no remedy: {failure.Message}");
    }

    /// <summary>A call's choice among tools is told by the tools too.</summary>
    private static bool Related(string top, string changed) =>
        top == changed || (top is "tools" or "tool_choice" && changed is "tools" or "tool_choice") || (top, changed) is ("echo", "logprobs") or ("best_of", "n");

    private static IEnumerable<List<object>> Paths(JsonNode? node, List<object> at)
    {
        if (at.Count > 0) yield return at;
        if (node is JsonObject members)
        {
            foreach (var (name, value) in members)
                foreach (var path in Paths(value, [.. at, name])) yield return path;
        }
        else if (node is JsonArray items)
        {
            for (var index = 0; index < items.Count; index++)
                foreach (var path in Paths(items[index], [.. at, index])) yield return path;
        }
    }

    private static string Replaced(string json, List<object> path, string value)
    {
        var root = JsonNode.Parse(json)!;
        var holder = root;
        foreach (var step in path.SkipLast(1)) holder = step is int index ? holder[index]! : holder[(string)step]!;
        // A mark first: what a node of JSON cannot hold, such as 1e400, goes in as text.
        if (path[^1] is int last) holder[last] = "@@";
        else holder[(string)path[^1]] = "@@";
        return root.ToJsonString().Replace("\"@@\"", value, StringComparison.Ordinal);
    }
}
