using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Hosting;

namespace Milliways.Api.Grpc;

/// <summary>
/// The entrance of gRPC: what is no call gets a plain HTTP answer, every call gets a status. Calls of the API go through the walk, as REST's do; health and
/// reflection are their library's.
/// </summary>
internal sealed class GrpcHost(GrpcMethods methods, GrpcLibrary library, ServerAddress address, HostGuard hosts, TimeProvider time, ILogger<GrpcHost> log)
{
    /// <summary>True for what must not be taken for REST: any gRPC, and everything on a port of its own.</summary>
    public static bool Concerns(HttpContext http) =>
        GrpcProtocol.IsMeant(http.Request.ContentType) || (HttpProtocol.IsHttp2(http.Request.Protocol) && http.Features.Get<GrpcPort>() is not null);

    public async Task HandleAsync(HttpContext http)
    {
        RequestIds.Assign(http, time);
        if (WhyNoCall(http) is { } plain)
        {
            await FailureAnswer.WriteAsync(http, ErrorWriters.Xai, plain);
            return;
        }
        // A slow message would cost all calls of the connection their lives: its own call's bounds end it.
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        var path = http.Request.Path.Value ?? "";
        try
        {
            if (http.Features.Get<GrpcPort>() is null ? !hosts.Allows(http.Request.Host) : !hosts.AllowsGrpc(http.Request.Host))
                Refuse(http, HostGuard.Refusal(http.Request.Host));
            else if (methods.Find(path) is { } method)
                await method(http);
            else if (library.Has(path))
                await library.HandleAsync(http);
            else
                Refuse(http, GrpcMethods.Unknown(path));
        }
        catch (Exception gone) when (http.RequestAborted.IsCancellationRequested && gone is OperationCanceledException or IOException)
        {
            // The caller left: there is nobody to tell.
        }
        catch (UnavailableException away) when (!http.Response.HasStarted)
        {
            log.LogWarning("{Request} {Path} was refused: {Reason}", RequestIds.Of(http), path, away.Message);
            Refuse(http, new Failure(FailureKind.Overloaded, FailureParty.Gateway, "database", "The server cannot use its database at the moment: try again shortly.") { RetryAfterSeconds = 1 });
        }
        catch (Exception unexpected) when (unexpected is not TornAnswerException)
        {
            log.LogError(unexpected, "{Request} {Path} failed unexpectedly", RequestIds.Of(http), path);
            var failure = new Failure(FailureKind.Internal, FailureParty.Gateway, "internal", $"An internal error occurred. Quote the request id {RequestIds.Of(http)} when you report it.");
            if (http.Response.HasStarted)
                GrpcStatus.Fail(http, failure);
            else
                Refuse(http, failure);
        }
    }

    /// <summary>A refusal of a call that no exchange knows.</summary>
    public static void Refuse(HttpContext http, Failure failure)
    {
        var response = http.Response;
        (response.StatusCode, response.ContentType) = (StatusCodes.Status200OK, GrpcProtocol.ContentType);
        FailureAnswer.Head(response.Headers, failure, ErrorWriters.Xai.Status(failure));
        GrpcStatus.Tell(http, failure);
    }

    private Failure? WhyNoCall(HttpContext http)
    {
        var request = http.Request;
        if (!HttpProtocol.IsHttp2(request.Protocol))
            return new Failure(FailureKind.InvalidRequest, FailureParty.Client, "route", address.Grpc is { } grpc
                ? $"gRPC needs HTTP/2, which this address does not speak without TLS: use {grpc}."
                : "gRPC needs HTTP/2, which this address does not speak without TLS: start the server with --grpc-urls.");
        if (!GrpcProtocol.IsMeant(request.ContentType))
            return new Failure(FailureKind.UnsupportedMediaType, FailureParty.Client, "route", $"This address speaks gRPC only, with `Content-Type: application/grpc`: the REST API is at {address.Http}.");
        if (!GrpcProtocol.IsSpoken(request.ContentType))
            return new Failure(FailureKind.UnsupportedMediaType, FailureParty.Client, "route", "Messages are protobuf here: send `Content-Type: application/grpc` or `application/grpc+proto`.");
        return HttpMethods.IsPost(request.Method) ? null
            : new Failure(FailureKind.MethodNotAllowed, FailureParty.Client, "route", $"{request.Method} is no gRPC call: use POST.");
    }
}
