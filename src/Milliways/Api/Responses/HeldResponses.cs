using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Exchanges.Relays;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Api.Responses;

/// <summary>
/// Responses that an upstream of the same dialect keeps for us. Deleting one there is an exchange like any other; its answer is read here and not by the
/// caller, who gets the answer about our own copy.
/// </summary>
internal sealed class HeldResponses(ExchangeRunner runner, LiveRouting routing)
{
    /// <summary>Null when the upstream has it no more.</summary>
    public async Task<Failure?> DeleteAsync(HttpContext http, string upstream, string id)
    {
        if (routing.Table.Upstreams.Find(upstream) is not { OffBecause: null } holder)
            return null; // the configuration does not know it any more: there is nobody to ask
        using var context = new DetachedContext(http);
        await runner.RunAsync(context.Http, new Deletion(holder, id));
        return context.Status is StatusCodes.Status200OK or StatusCodes.Status404NotFound ? null
            : Failure.Broken("delete", $"The upstream {upstream}, which keeps this response too, could not delete it ({ResponseObject.ErrorMessage(context.Answer)}): try again.");
    }

    private sealed class Deletion(Upstream holder, string id) : IFront
    {
        public Operation Operation => Operation.PassThrough;

        public Flavour Flavour => Flavour.OpenAi;

        public bool ReadsBody => false;

        public ReadOnlySpan<byte> KeepAlive => default;

        public bool IsSameDialect(Upstream upstream) => true;

        public string RouteName(RequestFacts facts) => facts.Model;

        public Reading<Route>? RouteOf(Exchange exchange) => (Reading<Route>)new Route(new Attempt(holder, "responses"));

        public Uri? AddressAt(Exchange exchange, Attempt attempt) => attempt.Upstream.At("/responses/" + Uri.EscapeDataString(id));

        public Reading<byte[]>? AnswerLocally(Exchange exchange, Attempt attempt) => null;

        public Reading<PreparedCall> Prepare(Exchange exchange, Attempt attempt) =>
            new PreparedCall(default, new WholeBytesRelay("id", static _ => null)) { Method = HttpMethod.Delete };

        public int Status(Failure failure) => ErrorWriters.OpenAi.Status(failure);

        public void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => ErrorWriters.OpenAi.WriteFailure(failure, requestId, output);

        public void WriteStreamFailure(Failure failure, string requestId, IBufferWriter<byte> output) => WriteFailure(failure, requestId, output);

        public Failure ReadRefusal(Attempt attempt, int status, ReadOnlySpan<byte> body, string? retryAfter) => UpstreamRefusal.Read(attempt, status, body, retryAfter);
    }
}
