using System.Globalization;
using Grpc.Core;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc;

namespace Milliways.Exchanges.Relays;

/// <summary>How a call over gRPC ended: its status stands behind the messages, or in the head when there are none (xai-api 3.2).</summary>
internal static class GrpcOutcome
{
    /// <summary>Of a call whose body has ended. Null: OK.</summary>
    public static Failure? Of(UpstreamCall call)
    {
        if (!int.TryParse(call.Trailer("grpc-status") ?? call.Header("grpc-status"), NumberStyles.None, CultureInfo.InvariantCulture, out var code))
            return Failure.Broken("end", "The upstream's call ended without a status.");
        if (code == (int)StatusCode.OK)
            return null;
        var text = call.Trailer("grpc-message") ?? call.Header("grpc-message") ?? "";
        return GrpcUpstream.ReadStatus(new Status((StatusCode)code, Uri.UnescapeDataString(text)), call.Trailer("retry-after") ?? call.Header("retry-after"));
    }
}
