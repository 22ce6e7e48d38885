using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Milliways.Exchanges;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

public sealed class BodyEditTests
{
    private static readonly string[] Options =
        ["null", "{}", "{ }", "{\"include_usage\":true}", "{\"include_usage\" : false}", "{\"include_usage\":null}", "{\"include_obfuscation\":false}",
         "{ \"include_obfuscation\" : false , \"include_usage\":\n false }", "{\"include_usage\":{\"a\":[1]}}", "{\"include_usage\":\"yes\"}", "{\"\\u0069nclude_usage\":false}"];

    private static readonly string[] Models = ["\"alpha\"", "\"al\\u0070ha\"", "\"grok-beta\"", "\"生命\"", "\"a\\\"b\"", "\"x/y:z@1\""];

    [Fact]
    public void Only_the_model_and_include_usage_change_and_every_other_byte_stays() => Dice.Check(dice =>
    {
        // The parts of the body, so that the test says by itself what should come out.
        var pieces = new List<(string Name, string Text)>();
        var members = new List<string> { "model", "messages", "stream" };
        if (dice.Flip())
            members.Add("stream_options");
        for (var i = dice.Upto(4); i > 0; i--)
            members.Insert(dice.Upto(members.Count + 1), $"extra{i}");
        members = [.. members.OrderBy(_ => dice.Upto(100))];
        var model = dice.One(Models);
        var stream = dice.Flip();
        var options = dice.One(Options);
        foreach (var name in members)
        {
            var value = name switch { "model" => model, "stream" => stream ? "true" : "false", "stream_options" => options, "messages" => "[]", _ => OddJson.Value(dice) };
            pieces.Add((name, value));
        }
        var (before, between) = (OddJson.Space(dice), pieces.ConvertAll(_ => (OddJson.Space(dice), OddJson.Space(dice), OddJson.Space(dice))));
        string Body(Func<string, string, string> value) => before + "{" + string.Join(',', pieces.Select((piece, at) =>
            $"{between[at].Item1}\"{piece.Name}\"{between[at].Item2}:{value(piece.Name, piece.Text)}{between[at].Item3}")) + "}" + before;
        var body = Encoding.UTF8.GetBytes(Body((_, text) => text));

        var facts = RequestScanner.Read(body);
        Assert.True(facts.IsOk, facts.Failure?.Message);
        var named = JsonSerializer.Deserialize<string>(model)!;
        Assert.Equal((named, stream), (facts.Value.Model, facts.Value.Stream));
        var target = dice.One(named, "beta", "生\"\\");
        var asks = dice.Flip();
        var edited = Encoding.UTF8.GetString(BodyEdit.Apply(body, facts.Value, target, asks).Span);

        // Without the two edits it is the same text, byte for byte.
        var wanted = stream && asks && !facts.Value.IncludeUsage;
        var after = JsonNode.Parse(edited)!.AsObject();
        Assert.Equal(target, after["model"]!.GetValue<string>());
        if (wanted)
            Assert.True(after["stream_options"]!["include_usage"]!.GetValue<bool>());
        var quoted = target == named ? model : $"\"{JsonEncodedText.Encode(target)}\"";
        if (!wanted)
            Assert.Equal(Body((name, text) => name == "model" ? quoted : text), edited);
        else if (!members.Contains("stream_options"))
            Assert.Equal(Insert(Body((name, text) => name == "model" ? quoted : text), ",\"stream_options\":{\"include_usage\":true}"), edited);
        else
        {
            var given = after["stream_options"]!.AsObject();
            given.Remove("include_usage");
            var own = JsonNode.Parse(options) as JsonObject ?? [];
            own.Remove("include_usage");
            Assert.True(JsonNode.DeepEquals(own, given), edited);
            Assert.Equal(Cut(Body((name, text) => name == "model" ? quoted : name == "stream_options" ? "~" : text), "~"), Around(edited, pieces, between));
        }
    });

    [Fact]
    public void A_body_that_needs_no_edit_is_the_same_memory()
    {
        var body = Encoding.UTF8.GetBytes(Answers.Ask(stream: true, more: ",\"stream_options\":{\"include_usage\":true}"));
        var facts = RequestScanner.Read(body).Value!;
        Assert.True(BodyEdit.Apply(body, facts, "alpha", askUsage: true).Equals(body));
        Assert.True(BodyEdit.Apply(body, facts with { IncludeUsage = false }, "alpha", askUsage: false).Equals(body));
    }

    private static string Insert(string body, string member) => body.Insert(body.LastIndexOf('}'), member);

    private static (string, string) Cut(string text, string at) => (text[..text.IndexOf(at, StringComparison.Ordinal)], text[(text.IndexOf(at, StringComparison.Ordinal) + 1)..]);

    /// <summary>What stands before and behind the value of stream_options.</summary>
    private static (string, string) Around(string edited, List<(string Name, string Text)> pieces, List<(string, string, string)> between)
    {
        var at = pieces.FindIndex(piece => piece.Name == "stream_options");
        var name = $"{between[at].Item1}\"stream_options\"{between[at].Item2}:";
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(edited));
        reader.Read();
        while (reader.Read())
        {
            var found = reader.ValueTextEquals("stream_options") && reader.CurrentDepth == 1;
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (!found)
                continue;
            var bytes = Encoding.UTF8.GetBytes(edited);
            var (head, tail) = (Encoding.UTF8.GetString(bytes, 0, start), Encoding.UTF8.GetString(bytes, (int)reader.BytesConsumed, bytes.Length - (int)reader.BytesConsumed));
            Assert.EndsWith(name, head, StringComparison.Ordinal);
            return (head, tail);
        }
        throw new InvalidOperationException("stream_options is gone.");
    }
}
