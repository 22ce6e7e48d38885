using System.Text;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

public sealed class RequestScannerTests
{
    private static readonly byte[] Whole = Encoding.UTF8.GetBytes(
        "{\"model\":\"alpha\",\"messages\":[{\"role\":\"user\",\"content\":\"生命 \\u00e9 \\ud83d\\ude00\"}],\"stream\":true,\"stream_options\":{\"include_usage\":false},\"max_tokens\":7,\"tools\":[{\"a\":[[]]}]}");

    [Fact]
    public void Any_bytes_are_read_or_refused_and_never_an_exception() => Dice.Check(dice =>
    {
        var body = dice.Many(60, _ => (byte)dice.Upto(256)).ToArray();
        Assert.True(RequestScanner.Read(body).IsOk || body.Length >= 0);
    }, tests: 2000);

    [Fact]
    public void A_mutated_request_is_read_or_refused_and_its_facts_lie_inside_it() => Dice.Check(dice =>
    {
        var body = Whole.ToList();
        for (var i = dice.Upto(5); i >= 0; i--)
            switch (dice.Upto(4))
            {
                case 0:
                    body[dice.Upto(body.Count)] = (byte)dice.Upto(256);
                    break;
                case 1:
                    body.RemoveRange(dice.Upto(body.Count), 1);
                    break;
                case 2:
                    body.Insert(dice.Upto(body.Count), (byte)"{}[]\",:\\u0\n \xE7"[dice.Upto(13)]);
                    break;
                default:
                    body.RemoveRange(dice.Upto(body.Count), Math.Min(3, 0));
                    break;
            }
        var bytes = body.ToArray();
        var facts = RequestScanner.Read(bytes);
        if (!facts.IsOk)
            return;
        Assert.InRange(facts.Value.ModelAt.End, 1, bytes.Length);
        Assert.Equal((byte)'}', bytes[facts.Value.End]);
        var edited = BodyEdit.Apply(bytes, facts.Value, "beta", askUsage: true);
        Assert.True(RequestScanner.Read(edited.Span).IsOk, Encoding.UTF8.GetString(edited.Span));
    }, tests: 3000);

    /// <summary>Few names and many, known and unknown, plain and escaped.</summary>
    [Theory]
    [InlineData("model", "mod\\u0065l")]
    [InlineData("temperature", "temperature")]
    [InlineData("of nobody", "of nobody")]
    [InlineData("생", "\\uc0dd")]
    public void A_name_that_stands_twice_is_found_wherever_it_stands(string first, string second)
    {
        for (var between = 0; between < 40; between++)
        {
            var fill = string.Concat(Enumerable.Range(0, between).Select(i => $"\"f{i}\":1,"));
            var before = string.Concat(Enumerable.Range(0, 40 - between).Select(i => $"\"b{i}\":1,"));
            var body = $$"""{{{before}}"{{first}}":"a",{{fill}}"{{second}}":"a"{{(first == "model" ? "" : ",\"model\":\"m\"")}}}""";
            var refused = RequestScanner.Read(Encoding.UTF8.GetBytes(body));
            Assert.False(refused.IsOk);
            Assert.Contains("stands twice", refused.Failure.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>One pass over the bytes finds what a parser of the whole document does.</summary>
    [Fact]
    public void Its_facts_are_those_of_a_full_parser() => Dice.Check(dice =>
    {
        var members = new List<string> { OddJson.Member(dice.One("\"model\"", "\"mod\\u0065l\""), dice.One("\"alpha\"", "\"生\\n\"", "\"a\\u0062\""), dice) };
        void Maybe(string name, params string[] values)
        {
            if (dice.Flip())
                members.Insert(dice.Upto(members.Count + 1), OddJson.Member($"\"{name}\"", dice.One(values), dice));
        }
        Maybe("stream", "true", "false", "null");
        Maybe("n", "1", "3", "null", "\"3\"", "1.5", "1e9", "99999999999");
        Maybe("messages", "[]", "null", """[{"content":"model","role":"user"},{"role":"assistant"}]""", """[{"role":"system","content":"s"},{"content":[{"n":9}],"r\u006fle":"user"}]""");
        Maybe("stream_options", "null", "{}", """{"include_usage":true}""", """{ "x":{"include_usage":true} , "include_us\u0061ge" : true }""", """{"include_usage":false,"include_usage":true}""");
        Maybe("tools", "[]", "null", """[{"type":"function","function":{"name":"model","parameters":{"n":[7]}}}]""");
        Maybe("deferred", "true", "false", "null");
        Maybe("prompt_cache_key", "\"k\"", "\"\"", "7", "\"k\\\"\"");
        Maybe("metadata", "null", "{}", """{"user_id":"u","x":{"user_id":"v"}}""", """{"user_id":5}""");
        Maybe("system", "\"s\"", """[{"type":"text","text":"s"}]""");
        Maybe("search_parameters", "null", """{"mode":"on"}""", """{"mode":"auto"}""", """{"mode":"on","mode":"off"}""", """{"x":{"mode":"on"}}""", """{"m\u006fde":"on"}""");
        Maybe("odd", OddJson.Value(dice));
        var text = OddJson.Space(dice) + "{" + string.Join(',', members) + "}" + OddJson.Space(dice);
        var bytes = Encoding.UTF8.GetBytes(text);
        var whole = JsonDocument.Parse(bytes).RootElement;
        var read = RequestScanner.Read(bytes);
        Assert.True(read.IsOk, $"{text}: {read.Failure?.Message}");
        var facts = read.Value;

        JsonElement? Get(string name) => whole.TryGetProperty(name, out var value) ? value : null;
        JsonElement? At(ByteSpan? span) => span is { } there ? JsonDocument.Parse(bytes.AsMemory(there.Start, there.Length)).RootElement : null;
        static bool IsText(JsonElement? value) => value is { ValueKind: JsonValueKind.String } some && some.GetString()!.Length > 0;
        Assert.Equal(Get("model")!.Value.GetString(), facts.Model);
        Assert.Equal(facts.Model, At(facts.ModelAt)!.Value.GetString());
        Assert.Equal(Get("stream")?.ValueKind == JsonValueKind.True, facts.Stream);
        Assert.Equal(Get("n") is { ValueKind: JsonValueKind.Number } n && n.TryGetInt32(out var wanted) ? wanted : 1, facts.N);
        Assert.Equal(Get("messages")?.ValueKind == JsonValueKind.Array, facts.HasMessages);
        Assert.Equal(Get("tools")?.ValueKind == JsonValueKind.Array, facts.HasTools);
        Assert.Equal(Get("deferred")?.ValueKind == JsonValueKind.True, facts.DeferredAt is not null);
        Assert.Equal(IsText(Get("prompt_cache_key")), facts.CacheKeyAt is not null);
        if (facts.CacheKeyAt is { } key)
            Assert.Equal(Get("prompt_cache_key")!.Value.GetRawText(), At(key)!.Value.GetRawText());
        var user = Get("metadata") is { ValueKind: JsonValueKind.Object } metadata && metadata.TryGetProperty("user_id", out var id) ? id : (JsonElement?)null;
        Assert.Equal(IsText(user), facts.UserIdAt is not null);
        Assert.Equal(Get("system")?.GetRawText(), At(facts.SystemAt)?.GetRawText());
        var options = Get("stream_options");
        Assert.Equal(options?.GetRawText(), At(facts.StreamOptionsAt)?.GetRawText());
        Assert.Equal(options is { ValueKind: JsonValueKind.Object } object1 && object1.TryGetProperty("include_usage", out var usage) && usage.ValueKind == JsonValueKind.True, facts.IncludeUsage);
        Assert.Equal(Get("search_parameters") is { ValueKind: JsonValueKind.Object } search && search.TryGetProperty("mode", out var mode) && mode.GetString() == "on", facts.AsksForSearch);
        Assert.Equal(text.TrimEnd().Length, Encoding.UTF8.GetCharCount(bytes, 0, facts.End + 1));
    }, tests: 3000);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"model\"")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("{\"model\":\"a\"")]
    [InlineData("{\"model\":\"a\"} x")]
    [InlineData("{\"model\":\"a\"}{\"model\":\"b\"}")]
    [InlineData("{\"model\":\"a\",}")]
    [InlineData("{\"model\":\"a\" /* c */}")]
    [InlineData("{model:\"a\"}")]
    [InlineData("{'model':'a'}")]
    [InlineData("{\"model\":NaN}")]
    [InlineData("{\"model\":1}")]
    [InlineData("{\"model\":null}")]
    [InlineData("{\"model\":\"\"}")]
    [InlineData("{\"model\":[\"a\"]}")]
    [InlineData("{\"model\":\"\\ud800\"}")]
    [InlineData("{\"\\ud800\":1,\"model\":\"a\"}")]
    [InlineData("{\"model\":\"a\",\"stream\":\"true\"}")]
    [InlineData("{\"model\":\"a\",\"stream\":1}")]
    [InlineData("{\"model\":\"a\",\"messages\":{}}")]
    [InlineData("{\"model\":\"a\",\"messages\":\"hi\"}")]
    [InlineData("{\"model\":\"a\",\"stream_options\":[]}")]
    [InlineData("{\"model\":\"a\",\"model\":\"b\"}")]
    [InlineData("{\"model\":\"a\",\"mod\\u0065l\":\"b\"}")]
    [InlineData("{\"model\":\"a\",\"x\":1,\"x\":1}")]
    public void What_is_no_request_is_refused_as_the_callers_fault(string body)
    {
        var facts = RequestScanner.Read(Encoding.UTF8.GetBytes(body));

        Assert.False(facts.IsOk);
        Assert.Equal(FailureParty.Client, facts.Failure.Party);
        Assert.Contains(facts.Failure.Kind, new[] { FailureKind.InvalidRequest, FailureKind.Unprocessable });
    }

    [Fact]
    public void Bytes_that_are_not_utf_8_are_refused_wherever_they_stand()
    {
        foreach (var at in new[] { 11, 50, 70 })
            Assert.False(RequestScanner.Read([.. Whole[..at], 0xFF, .. Whole[at..]]).IsOk);
    }

    [Theory]
    [InlineData("x", 63, true)]
    [InlineData("x", 64, false)]
    [InlineData("tools", 255, true)]
    [InlineData("tools", 256, false)]
    [InlineData("x", 1_000_000, false)]
    [InlineData("messages", 64, false)]
    public void Depth_is_bounded_at_64_and_at_256_in_tool_schemas(string member, int depth, bool allowed)
    {
        var body = $"{{\"model\":\"a\",\"{member}\":{new string('[', depth)}{new string(']', depth)}}}";
        Assert.Equal(allowed, RequestScanner.Read(Encoding.UTF8.GetBytes(body)).IsOk);
    }

    [Fact]
    public void Duplicates_below_the_top_level_are_the_upstreams_business() =>
        Assert.True(RequestScanner.Read("{\"model\":\"a\",\"metadata\":{\"k\":1,\"k\":2}}"u8).IsOk);

    [Theory]
    [InlineData("\"n\":3", 3)]
    [InlineData("\"n\":null", 1)]
    [InlineData("\"n\":\"3\"", 1)]
    [InlineData("\"seed\":7", 1)]
    public void The_number_of_answers_is_known(string members, int expected) =>
        Assert.Equal(expected, RequestScanner.Read(Encoding.UTF8.GetBytes($"{{\"model\":\"a\",{members}}}")).Value!.N);
}
