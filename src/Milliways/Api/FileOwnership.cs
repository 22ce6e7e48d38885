using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Routing;
using Milliways.Stored;

namespace Milliways.Api;

/// <summary>
/// A body that goes to a provider as bytes may point at files of its own team only: the provider knows one account, the operator's, and would show any
/// file of it. Where a request crosses into another dialect a file id means nothing and is refused there.
/// </summary>
internal sealed class FileOwnership(OwnedIds owned) : IBodyCheck
{
    public bool Concerns(Exchange exchange) => exchange.Front.ReadsBody && FileReferences.MayHave(exchange.Body.Span);

    public async ValueTask<Failure?> CheckAsync(Exchange exchange, Route route)
    {
        var goesAsBytes = route.Attempts.Any(attempt => !attempt.Upstream.IsEngine && exchange.Front.IsSameDialect(attempt.Upstream));
        return goesAsBytes ? await RefusalAsync(exchange, owned) : null;
    }

    /// <summary>The first file that is not the team's looks as unknown as it is to it.</summary>
    public static async ValueTask<Failure?> RefusalAsync(Exchange exchange, OwnedIds owned)
    {
        List<string> pointed;
        try
        {
            pointed = FileReferences.Read(exchange.Body.Span);
        }
        catch (JsonException broken)
        {
            return Failure.Invalid(JsonPlace.Describe(broken));
        }
        foreach (var id in pointed)
            if (!await owned.OwnsAsync("files", id, exchange.Key!.Team.Account))
                return new Failure(FailureKind.NotFound, FailureParty.Client, "route", $"There is no file {id} of your team.") { Param = "file_id" };
        return null;
    }
}
