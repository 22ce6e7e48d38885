using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Engine;

/// <summary>Embeddings, tokens, counts and lists.</summary>
public sealed class EmbeddingsTokensAndListsTests(SharedServer shared)
{
    [Fact]
    public async Task Embeddings_as_floats_and_as_base64_are_the_same_numbers()
    {
        var floats = await EmbedAsync("float");
        var base64 = await EmbedAsync("base64");

        for (var i = 0; i < 2; i++)
        {
            var numbers = floats[i]!["embedding"]!.AsArray().Select(number => number!.GetValue<float>()).ToArray();
            var decoded = MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(base64[i]!["embedding"]!.GetValue<string>())).ToArray();
            Assert.Equal(384, numbers.Length);
            Assert.Equal(numbers, decoded);
        }
        Assert.NotEqual(floats[0]!["embedding"]!.ToJsonString(), floats[1]!["embedding"]!.ToJsonString());
    }

    [Fact]
    public async Task Texts_that_mean_the_same_are_closer_than_texts_that_do_not()
    {
        var answer = await shared.Api.PostAsync("/v1/embeddings", new JsonObject
        {
            ["model"] = "embedding-beta",
            ["input"] = new JsonArray("A cat sits on the mat.", "A kitten is sitting on a rug.", "The stock market fell by two percent."),
        });
        var vectors = answer.Json["data"]!.AsArray().Select(item => item!["embedding"]!.AsArray().Select(number => number!.GetValue<float>()).ToArray()).ToArray();
        double Dot(int a, int b) => vectors[a].Zip(vectors[b], (x, y) => x * y).Sum();

        Assert.True(Dot(0, 1) > Dot(0, 2) + 0.2, $"{Dot(0, 1)} and {Dot(0, 2)}");
    }

    [Fact]
    public async Task The_bytes_of_the_tokens_join_to_the_text()
    {
        const string Text = "Don't panic, 世界!";
        var answer = await shared.Api.PostAsync("/v1/tokenize-text", new JsonObject { ["model"] = "grok-beta", ["text"] = Text });

        var bytes = answer.Json["token_ids"]!.AsArray().SelectMany(token => token!["token_bytes"]!.AsArray().Select(number => number!.GetValue<byte>())).ToArray();
        Assert.Equal(Text, System.Text.Encoding.UTF8.GetString(bytes));
    }

    [Fact]
    public async Task Count_tokens_counts_what_the_answer_then_reports()
    {
        var body = Talk.About("How many tokens is this?", 1);
        var count = await shared.Api.PostAsync("/v1/messages/count_tokens", body);
        var answer = await shared.Api.PostAsync("/v1/messages", body);

        Assert.Equal(answer.Json["usage"]!["input_tokens"]!.GetValue<int>(), count.Json["input_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task The_model_list_tells_who_serves_and_with_what_context()
    {
        var list = (await shared.Api.GetAsync("/v1/models")).Json["data"]!.AsArray();

        var grok = Assert.Single(list, model => model!["id"]!.GetValue<string>() == "grok-beta")!;
        Assert.Equal("engine/smollm2", grok["served_by"]!.GetValue<string>());
        Assert.Equal(8192, grok["context_length"]!.GetValue<int>());
        Assert.Equal(1730332800, grok["created"]!.GetValue<long>()); // the day smollm2 was published
        Assert.DoesNotContain(list, model => model!["id"]!.GetValue<string>() == "grok-vision-beta");
    }

    [Fact]
    public async Task Health_needs_no_key_and_readiness_tells_of_the_engine()
    {
        using var nobody = new Api(shared.Server.Base, "");
        var (live, ready) = (await nobody.GetAsync("/healthz"), await nobody.GetAsync("/readyz"));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (live.Status, ready.Status));
        Assert.Equal("ok", ready.Json["engine"]!["status"]!.GetValue<string>());
        Assert.Equal(["smollm2 ok", "all-minilm ok"], ready.Json["engine"]!["models"]!.AsArray().Select(model => $"{model!["name"]} {model["status"]}"));
    }

    private async Task<JsonArray> EmbedAsync(string format)
    {
        var answer = await shared.Api.PostAsync("/v1/embeddings", new JsonObject
        {
            ["model"] = "v1",
            ["input"] = new JsonArray("Don't panic", "So long, and thanks for all the fish"),
            ["encoding_format"] = format,
        });
        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        return answer.Json["data"]!.AsArray();
    }
}
