using Microsoft.AspNetCore.Http;
using Milliways.Api;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Tests.Exchanges;

public sealed class FailureAnswerTests
{
    [Theory]
    [InlineData(0, "1")]
    [InlineData(1, "1")]
    [InlineData(60, "60")]
    [InlineData(61, "60")]
    [InlineData(86_400, "60")]
    public async Task Nobody_is_sent_away_for_more_than_a_minute_by_the_gateway_itself(int seconds, string header)
    {
        foreach (var errors in new[] { ErrorWriters.Xai, ErrorWriters.OpenAi, ErrorWriters.Anthropic })
        {
            var http = new DefaultHttpContext();

            await FailureAnswer.WriteAsync(http, errors, new Failure(FailureKind.Overloaded, FailureParty.Gateway, "breaker", "Not now.") { RetryAfterSeconds = seconds });

            Assert.Equal(header, http.Response.Headers.RetryAfter.ToString());
        }
    }
}
