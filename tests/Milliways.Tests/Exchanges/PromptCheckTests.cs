using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Tests.Support;

namespace Milliways.Tests.Exchanges;

/// <summary>What the catalogue knows is checked before any upstream is called: 131,072 and 8,192 tokens at the border, with text and with images.</summary>
public sealed class PromptCheckTests
{
    private const string Image = """{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}""";

    /// <summary>A message counts 4, each word 1, each image 1,792.</summary>
    private static string Chat(string model, int words, int images = 0, bool stream = false) =>
        $$"""{"model":"{{model}}","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":[{"type":"text","text":"{{Words(words)}}"}{{string.Concat(Enumerable.Repeat("," + Image, images))}}]}]}""";

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string Words(int count) => string.Concat(Enumerable.Repeat("word ", count));

    private static Task<TestServer> ServerAsync(FakeUpstream fake) =>
        TestServer.StartAsync($$"""
            { "upstreams": { "xai": { "preset": "xai", "baseUrl": "{{fake.Url}}/v1", "apiKey": "k" }, "claude": { "preset": "anthropic", "baseUrl": "{{fake.Url}}", "apiKey": "k" }, "lab": {{TestServer.Lab(fake)}} },
              "models": { "small": { "attempts": [ { "upstream": "lab", "model": "alpha" } ], "context": 100, "inputs": ["text"], "maxOutput": 77 },
                          "far": { "attempts": [ { "upstream": "claude", "model": "claude-x" } ], "context": 100, "maxOutput": 77 },
                          "nick": { "alias": "small" } } }
            """);

    [Theory]
    [InlineData("grok-beta", 131072, 0)]
    [InlineData("grok-vision-beta", 8192, 0)]
    [InlineData("grok-vision-beta", 8192, 1)]
    [InlineData("grok-vision-beta", 8192, 4)]
    public async Task The_border_is_exact_and_beyond_it_no_upstream_is_called(string model, int context, int images)
    {
        await using var fake = new FakeUpstream();
        await using var server = await ServerAsync(fake);
        var words = context - 4 - (images * 1792);
        foreach (var fits in new[] { words - 1, words })
            Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Chat(model, fits, images))).Status);
        Assert.Equal(2, fake.Received.Count);

        foreach (var stream in new[] { false, true })
        {
            var refused = await server.PostAsync("/v1/chat/completions", Chat(model, words + 1, images, stream));
            Assert.Equal((400, "client, context", "context"), (refused.Status, refused.Header("x-milliways-failed"), refused.Header("x-milliways-refused")));
            Assert.Equal($"This model's maximum prompt length is {context} but the request contains {context + 1} tokens.", refused.Json.GetProperty("error").GetString());
        }
        Assert.Equal(2, fake.Received.Count);
    }

    [Theory]
    [InlineData("/v1/messages", "prompt is too long: 101 tokens > 100 maximum")]
    [InlineData("/v1/{account}/default/compat/chat/completions", "This model's maximum context length is 100 tokens. However, your messages resulted in 101 tokens.")]
    public async Task Each_dialect_says_it_in_its_own_words(string path, string words)
    {
        await using var fake = new FakeUpstream();
        await using var server = await ServerAsync(fake);

        var answer = await server.PostAsync(path.Replace("{account}", server.Account, StringComparison.Ordinal), $$"""{"model":"small","max_tokens":5,"messages":[{"role":"user","content":"{{Words(97)}}"}]}""");

        Assert.Equal(400, answer.Status);
        Assert.Contains(words, answer.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(fake.Received);
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}""")]
    [InlineData("/v1/messages", """{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}""")]
    public async Task An_image_for_a_model_that_cannot_see_is_refused_with_the_remedy(string path, string image)
    {
        await using var fake = new FakeUpstream(turn => turn.WholeAsync(turn.Request.Target == "/v1/messages" ? Answers.Messages : Answers.Chat));
        await using var server = await ServerAsync(fake);
        string Body(string model) => $$"""{"model":"{{model}}","max_tokens":5,"messages":[{"role":"user","content":[{"type":"text","text":"What is this image?"},{{image}}]}]}""";

        foreach (var blind in new[] { "grok-beta", "small", "nick" })
        {
            var answer = await server.PostAsync(path, Body(blind));
            Assert.Equal(400, answer.Status);
            Assert.Contains($"The model {blind} cannot see images", answer.Text, StringComparison.Ordinal);
            Assert.Contains("input_modalities", answer.Text, StringComparison.Ordinal);
        }
        Assert.Empty(fake.Received);

        // Sighted, and unknown: nothing is refused by a guess.
        foreach (var other in new[] { "grok-vision-beta", "lab/alpha", "claude/claude-x" })
            Assert.Equal(200, (await server.PostAsync(path, Body(other))).Status);
        // The word alone is no image.
        Assert.Equal(200, (await server.PostAsync(path, """{"model":"small","max_tokens":5,"messages":[{"role":"user","content":"Describe an \"image_url\" to me"}]}""")).Status);
    }

    [Fact]
    public async Task A_prompt_that_fits_is_not_refused_because_its_bytes_are_many()
    {
        await using var fake = new FakeUpstream();
        await using var server = await ServerAsync(fake);
        // 24 words of 60 letters, escapes, spaces and punctuation: 3,000 bytes, less than 100 tokens at any rate of counting words.
        var text = string.Concat(Enumerable.Repeat(new string('n', 15) + " ,,, \\n\\n      \\u00e9\\t", 24));
        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", $$"""{"model":"small","messages":[{"role":"user","content":"{{text}}"}]}""")).Status);
    }

    [Fact]
    public async Task The_names_bound_on_the_answer_is_what_a_dialect_that_needs_one_is_sent()
    {
        await using var fake = new FakeUpstream(turn => turn.WholeAsync(Answers.Messages));
        await using var server = await ServerAsync(fake);
        await server.PostAsync("/v1/chat/completions", Answers.Ask("far"));
        Assert.Equal(77, JsonDocument.Parse(fake.Last.Body).RootElement.GetProperty("max_tokens").GetInt32());
    }

    [Fact]
    public void The_quick_bounds_never_say_less_than_the_count() => Dice.Check(dice =>
    {
        string Piece(int _) => dice.One("word", "a", "1", "x1y2", "don't", "naïve", "生命", " ", "  ", ", ", ".", "\n", "\t", "\"", "\\", "{", "🐬", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "_", "\u0001");
        var turns = dice.Many(5, _ => string.Concat(dice.Many(30, Piece))).ConvertAll(text => new { role = dice.One("user", "assistant", "system"), content = text });
        var body = JsonSerializer.SerializeToUtf8Bytes(new { model = "m", messages = turns }, dice.Flip() ? Relaxed : JsonSerializerOptions.Default);
        var request = new ChatRequest { Model = "m", Messages = turns.ConvertAll(turn => new ChatMessage(ChatRole.User, [new ChatPart.Text(turn.content)])) };

        var count = TokenFloor.OfPrompt(request);

        Assert.True(TokenFloor.MostInJson(body) >= count, $"{TokenFloor.MostInJson(body)} < {count}");
        Assert.True(TokenFloor.MostInBytes(body.Length) >= count, $"{TokenFloor.MostInBytes(body.Length)} < {count}");
    });
}
