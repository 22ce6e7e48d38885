using System.Buffers;
using System.Text;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;
using Messages = Milliways.Dialects.Anthropic.Errors;
using OpenAi = Milliways.Dialects.OpenAiChat.Errors;

namespace Milliways.Dialects.Tests.Chat;

/// <summary>Statuses and bodies in every dialect and flavour (dialects 1.8, 2.12, 4.13; xai-api 1.15).</summary>
public sealed class ErrorsTests
{
    private static string Body(Failure failure, Flavour flavour)
    {
        var output = new ArrayBufferWriter<byte>();
        OpenAi.Write(failure, flavour, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static string Body(Failure failure)
    {
        var output = new ArrayBufferWriter<byte>();
        Messages.Write(failure, output, "req_1");
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static Failure Of(FailureKind kind) => new(kind, FailureParty.Client, "x", "m");

    [Theory]
    [InlineData(FailureKind.InvalidRequest, 400, 400, 400)]
    [InlineData(FailureKind.Unprocessable, 422, 400, 400)]
    [InlineData(FailureKind.Unsupported, 400, 400, 400)]
    [InlineData(FailureKind.NoKey, 401, 401, 401)]
    [InlineData(FailureKind.WrongKey, 400, 401, 401)]
    [InlineData(FailureKind.Forbidden, 403, 403, 403)]
    [InlineData(FailureKind.ModelNotFound, 404, 404, 404)]
    [InlineData(FailureKind.MethodNotAllowed, 405, 405, 405)]
    [InlineData(FailureKind.PayloadTooLarge, 413, 413, 413)]
    [InlineData(FailureKind.UnsupportedMediaType, 415, 415, 415)]
    [InlineData(FailureKind.RateLimited, 429, 429, 429)]
    [InlineData(FailureKind.Overloaded, 503, 503, 503)]
    [InlineData(FailureKind.Timeout, 504, 504, 504)]
    [InlineData(FailureKind.UpstreamBroken, 502, 502, 502)]
    [InlineData(FailureKind.Internal, 500, 500, 500)]
    public void Every_failure_has_its_status(FailureKind kind, int xai, int openAi, int anthropic)
    {
        Assert.Equal((xai, openAi, anthropic), (OpenAi.Status(Of(kind), Flavour.Xai), OpenAi.Status(Of(kind), Flavour.OpenAi), Messages.Status(Of(kind))));
        Assert.StartsWith("{\"code\":\"", Body(Of(kind), Flavour.Xai), StringComparison.Ordinal);
        Assert.EndsWith("\"error\":\"m\"}", Body(Of(kind), Flavour.Xai), StringComparison.Ordinal);
        var error = Dice.Json(Body(Of(kind), Flavour.OpenAi)).GetProperty("error");
        Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(member => member.Name));
    }

    [Theory]
    // status of the upstream -> Chat, Messages
    [InlineData(400, 400, "invalid_request_error", 400, "invalid_request_error")]
    [InlineData(401, 502, "server_error", 502, "api_error")]
    [InlineData(402, 429, "insufficient_quota", 429, "rate_limit_error")]
    [InlineData(403, 403, "permission_error", 403, "permission_error")]
    [InlineData(404, 404, "invalid_request_error", 404, "not_found_error")]
    [InlineData(408, 504, "server_error", 504, "timeout_error")]
    [InlineData(409, 409, "invalid_request_error", 409, "conflict_error")]
    [InlineData(413, 413, "invalid_request_error", 413, "request_too_large")]
    [InlineData(422, 400, "invalid_request_error", 400, "invalid_request_error")]
    [InlineData(429, 429, "rate_limit_error", 429, "rate_limit_error")]
    [InlineData(500, 500, "server_error", 500, "api_error")]
    [InlineData(502, 503, "service_unavailable_error", 500, "api_error")]
    [InlineData(503, 503, "service_unavailable_error", 529, "overloaded_error")]
    [InlineData(504, 504, "server_error", 504, "timeout_error")]
    [InlineData(529, 503, "service_unavailable_error", 529, "overloaded_error")]
    public void Upstream_statuses_are_mapped(int status, int chat, string chatType, int messages, string messagesType)
    {
        var failure = OpenAi.Read(status, "{\"error\":{\"message\":\"m\"}}"u8, "7");
        Assert.Equal((chat, messages), (OpenAi.Status(failure, Flavour.OpenAi), Messages.Status(failure)));
        Assert.Equal(chatType, Dice.Json(Body(failure, Flavour.OpenAi)).GetProperty("error").GetProperty("type").GetString());
        Assert.Equal(messagesType, Dice.Json(Body(failure)).GetProperty("error").GetProperty("type").GetString());
        Assert.Equal(7, failure.RetryAfterSeconds);
    }

    [Theory]
    [InlineData("""{"error":{"message":"m","type":"t"}}""", "m")]
    [InlineData("""{"code":"x","error":"m"}""", "m")]
    [InlineData("""{"type":"error","error":{"type":"t","message":"m"}}""", "m")]
    [InlineData("""[{"error":{"code":400,"message":"m","status":"INVALID"}}]""", "m")]
    [InlineData("""{"detail":"m"}""", "m")]
    [InlineData("""{"detail":[{"loc":["x"],"msg":"m"}]}""", "m")]
    [InlineData("""{"message":"m"}""", "m")]
    [InlineData("""{"object":"error","message":"m"}""", "m")]
    [InlineData("\"m\"", "m")]
    [InlineData("""{"message":"set api-version and key-values"}""", "set api-version and key-values")]
    [InlineData("<html><body>502 nginx</body></html>", "The upstream answered with status 400.")]
    [InlineData("", "The upstream answered with status 400.")]
    [InlineData("{\"error\":{\"message\":\"<html>x\"}}", "The upstream answered with status 400.")]
    [InlineData("{\"error\":{\"message\":5}}", "The upstream answered with status 400.")]
    [InlineData("{\"error\":{\"message\":\"a\\u0000b\\nc\"}}", "a b c")]
    public void The_message_is_found_in_every_odd_shape(string body, string message) =>
        Assert.Equal(message, OpenAi.Read(400, Encoding.UTF8.GetBytes(body), null).Message);

    [Theory]
    [InlineData(401, "Incorrect API key provided: sk-proj-abcdef123456")]
    [InlineData(400, "Incorrect API key provided: xa***zz. You can obtain an API key from x.")]
    [InlineData(403, "key sk-ant-api03-abcdef is not allowed")]
    [InlineData(500, "Bearer abcdefghijkl was refused")]
    [InlineData(400, "API key not valid: AIzaSyA1234567890abcdef")]
    public void An_upstream_s_key_never_gets_out(int status, string message)
    {
        var failure = OpenAi.Read(status, Encoding.UTF8.GetBytes($$$"""{"error":{"message":"{{{message}}}"}}"""), null);
        foreach (var secret in new[] { "sk-proj", "xa***", "sk-ant", "abcdefghijkl", "AIza" }) Assert.DoesNotContain(secret, failure.Message, StringComparison.Ordinal);
        if (status is 401) Assert.Equal((FailureParty.Gateway, 502), (failure.Party, OpenAi.Status(failure, Flavour.Xai)));
    }

    [Fact]
    public void A_message_has_a_bounded_length() =>
        Assert.True(OpenAi.Read(400, Encoding.UTF8.GetBytes("{\"message\":\"" + new string('x', 100_000) + "\"}"), null).Message.Length <= 1000);

    [Theory]
    [InlineData("""{"error":{"message":"This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.","code":"context_length_exceeded"}}""")]
    [InlineData("""{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 5000 tokens > 4096 maximum"}}""")]
    [InlineData("""{"code":"Client specified an invalid argument","error":"This model's maximum prompt length is 4096 but the request contains 5000 tokens."}""")]
    public void A_prompt_that_is_too_long_is_told_in_each_client_s_words(string body)
    {
        var failure = OpenAi.Read(400, Encoding.UTF8.GetBytes(body), null);
        Assert.Equal((FailureKind.ContextExceeded, 5000, 4096), (failure.Kind, failure.PromptTokens ?? 0, failure.ContextLimit ?? 0));
        Assert.Contains("This model's maximum prompt length is 4096 but the request contains 5000 tokens.", Body(failure, Flavour.Xai), StringComparison.Ordinal);
        Assert.Contains("\"code\":\"context_length_exceeded\"", Body(failure, Flavour.OpenAi), StringComparison.Ordinal);
        Assert.Contains("maximum context length is 4096 tokens", Body(failure, Flavour.OpenAi), StringComparison.Ordinal);
        Assert.Contains("\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: 5000 tokens > 4096 maximum\"", Body(failure), StringComparison.Ordinal);
        Assert.Equal((400, 400), (OpenAi.Status(failure, Flavour.Xai), Messages.Status(failure)));
    }

    [Fact]
    public void The_texts_that_clients_match_are_these()
    {
        Assert.Equal("""{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***zz. You can obtain an API key from https://console."}""", Body(OpenAi.WrongKey("xai-abcdefzz", "https://console"), Flavour.Xai));
        Assert.Contains("\"code\":\"invalid_api_key\"", Body(OpenAi.WrongKey("xai-abcdefzz", "c"), Flavour.OpenAi), StringComparison.Ordinal);
        Assert.DoesNotContain("short", OpenAi.WrongKey("short", "c").Message, StringComparison.Ordinal);
        Assert.StartsWith("""{"code":"The request does not have valid authentication credentials","error":"No or an invalid authentication header""", Body(OpenAi.NoKey(), Flavour.Xai), StringComparison.Ordinal);
        Assert.Contains("No handler found on route", Body(OpenAi.RouteNotFound("d"), Flavour.Xai), StringComparison.Ordinal);
        Assert.Equal("""{"type":"error","error":{"type":"authentication_error","message":"m"},"request_id":"req_1"}""", Body(Of(FailureKind.WrongKey)));
        Assert.Contains("prompt length is 10 but the request contains 20 tokens", Body(OpenAi.PromptTooLong(20, 10), Flavour.Xai), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("5", 5)]
    [InlineData("0.2", 1)]
    [InlineData("3600", 60)]
    [InlineData("Wed, 21 Oct 2026 07:28:00 GMT", null)]
    [InlineData(null, null)]
    public void Retry_after_stays_within_what_clients_honour(string? header, int? seconds) =>
        Assert.Equal(seconds, OpenAi.Read(429, "{}"u8, header).RetryAfterSeconds);
}
