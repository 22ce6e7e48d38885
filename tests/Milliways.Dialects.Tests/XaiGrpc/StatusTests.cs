using System.Reflection;
using Grpc.Core;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc;

namespace Milliways.Dialects.Tests.XaiGrpc;

public sealed class StatusTests
{
    [Theory]
    [InlineData(FailureKind.InvalidRequest, StatusCode.InvalidArgument)]
    [InlineData(FailureKind.Unprocessable, StatusCode.InvalidArgument)]
    [InlineData(FailureKind.Unsupported, StatusCode.InvalidArgument)]
    [InlineData(FailureKind.ContextExceeded, StatusCode.InvalidArgument)]
    [InlineData(FailureKind.NoKey, StatusCode.Unauthenticated)]
    [InlineData(FailureKind.WrongKey, StatusCode.Unauthenticated)]
    [InlineData(FailureKind.Forbidden, StatusCode.PermissionDenied)]
    [InlineData(FailureKind.OutOfCredits, StatusCode.PermissionDenied)]
    [InlineData(FailureKind.ModelNotFound, StatusCode.NotFound)]
    [InlineData(FailureKind.NotFound, StatusCode.NotFound)]
    [InlineData(FailureKind.RouteNotFound, StatusCode.Unimplemented)]
    [InlineData(FailureKind.MethodNotAllowed, StatusCode.Unimplemented)]
    [InlineData(FailureKind.NotOffered, StatusCode.Unimplemented)]
    [InlineData(FailureKind.PayloadTooLarge, StatusCode.ResourceExhausted)]
    [InlineData(FailureKind.UnsupportedMediaType, StatusCode.InvalidArgument)]
    [InlineData(FailureKind.RateLimited, StatusCode.ResourceExhausted)]
    [InlineData(FailureKind.Overloaded, StatusCode.Unavailable)]
    [InlineData(FailureKind.Timeout, StatusCode.DeadlineExceeded)]
    [InlineData(FailureKind.UpstreamBroken, StatusCode.Unavailable)]
    [InlineData(FailureKind.Internal, StatusCode.Internal)]
    public void Every_failure_has_its_status(FailureKind kind, StatusCode code) =>
        Assert.Equal(new Status(code, "words"), Statuses.Of(new Failure(kind, FailureParty.Upstream, "stage", "words")));

    [Fact]
    public void No_kind_of_failure_is_forgotten()
    {
        var claimed = typeof(StatusTests).GetMethod(nameof(Every_failure_has_its_status))!.GetCustomAttributes<InlineDataAttribute>().Select(row => (FailureKind)row.Data[0]!);
        Assert.Equal(Enum.GetValues<FailureKind>().Where(kind => kind != FailureKind.UpstreamRefused), claimed.Order()); // which has a test of its own
    }

    [Theory]
    [InlineData(400, StatusCode.InvalidArgument)]
    [InlineData(401, StatusCode.Internal)]
    [InlineData(402, StatusCode.ResourceExhausted)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.NotFound)]
    [InlineData(408, StatusCode.DeadlineExceeded)]
    [InlineData(409, StatusCode.Aborted)]
    [InlineData(413, StatusCode.InvalidArgument)]
    [InlineData(422, StatusCode.InvalidArgument)]
    [InlineData(429, StatusCode.ResourceExhausted)]
    [InlineData(500, StatusCode.Internal)]
    [InlineData(501, StatusCode.Unimplemented)]
    [InlineData(502, StatusCode.Unavailable)]
    [InlineData(503, StatusCode.Unavailable)]
    [InlineData(504, StatusCode.DeadlineExceeded)]
    [InlineData(529, StatusCode.Unavailable)]
    [InlineData(599, StatusCode.Internal)]
    public void An_upstream_s_refusal_keeps_its_meaning(int status, StatusCode code) =>
        Assert.Equal(code, Statuses.CodeOf(new Failure(FailureKind.UpstreamRefused, FailureParty.Upstream, "headers", "words") { UpstreamStatus = status }));

    /// <summary>UNAVAILABLE makes clients try four times more, which a wrong key of the gateway's does not deserve.</summary>
    [Fact]
    public void Credentials_that_an_upstream_refuses_are_not_tried_again() =>
        Assert.Equal(StatusCode.Internal, Statuses.CodeOf(GrpcUpstream.ReadStatus(new Status(StatusCode.Unauthenticated, "wrong"))));

    [Fact]
    public void A_prompt_that_is_too_long_is_told_in_xAI_s_words() =>
        Assert.Equal("This model's maximum prompt length is 5 but the request contains 9 tokens.",
            Statuses.Of(new Failure(FailureKind.ContextExceeded, FailureParty.Client, "s", "other words") { PromptTokens = 9, ContextLimit = 5 }).Detail);

    [Fact]
    public void A_wait_is_told_in_milliseconds()
    {
        var busy = new Failure(FailureKind.Overloaded, FailureParty.Upstream, "s", "m");
        Assert.Null(Statuses.RetryPushbackMilliseconds(busy));
        Assert.Equal(7000, Statuses.RetryPushbackMilliseconds(busy with { RetryAfterSeconds = 7 }));
    }

    [Theory]
    [InlineData(StatusCode.InvalidArgument, 400)]
    [InlineData(StatusCode.FailedPrecondition, 400)]
    [InlineData(StatusCode.OutOfRange, 400)]
    [InlineData(StatusCode.DataLoss, 400)]
    [InlineData(StatusCode.PermissionDenied, 403)]
    [InlineData(StatusCode.NotFound, 404)]
    [InlineData(StatusCode.Aborted, 409)]
    [InlineData(StatusCode.AlreadyExists, 409)]
    [InlineData(StatusCode.Cancelled, 500)]
    [InlineData(StatusCode.ResourceExhausted, 429)]
    [InlineData(StatusCode.Internal, 500)]
    [InlineData(StatusCode.Unknown, 500)]
    [InlineData(StatusCode.Unimplemented, 501)]
    [InlineData(StatusCode.Unavailable, 503)]
    [InlineData(StatusCode.DeadlineExceeded, 504)]
    public void An_upstream_s_status_is_the_failure_that_REST_would_have_told(StatusCode code, int status)
    {
        var failure = GrpcUpstream.ReadStatus(new Status(code, "their words"));
        Assert.Equal((FailureKind.UpstreamRefused, status, "their words"), (failure.Kind, failure.UpstreamStatus, failure.Message));
        Assert.NotEqual("", GrpcUpstream.ReadStatus(new Status(code, "")).Message);
    }

    [Fact]
    public void A_prompt_that_an_upstream_finds_too_long_is_known_for_what_it_is() =>
        Assert.Equal((FailureKind.ContextExceeded, 131072L), (GrpcUpstream.ReadStatus(new Status(StatusCode.InvalidArgument,
            "This model's maximum prompt length is 131072 but the request contains 200000 tokens.")) is var failure ? failure.Kind : default, failure.ContextLimit));
}
