using Milliways.Dialects.Chat;
using Milliways.Keys;
using Milliways.Routing;
using Milliways.Teams;
using Milliways.Upstreams;

namespace Milliways.Exchanges;

/// <summary>
/// Which names a key may call. A name that its ACLs list is what the operator made of it. Any other name passes only when it leads to nothing but what a
/// listed name leads to: an alias of a listed name, or <c>upstream/model</c> where the model's own name is listed and its route asks that very upstream.
/// So neither an alias nor a directly named upstream is a way around. What is refused looks like a name that is not served.
/// </summary>
internal sealed class ModelAccess(LiveRouting routing)
{
    private const int MostAliases = 8;

    public Failure? Refusal(Exchange exchange, string name)
    {
        var key = exchange.Key!;
        if (key.Acls.AllModels)
            return null;
        if (exchange.Front.Operation == Operation.PassThrough)
            return NamesModelsInside(exchange.Http) ? Unread : null;
        return Allows(key, name, exchange.Front.Operation) ? null : Refusal(name, key);
    }

    public bool Allows(ApiKey key, string name, Operation operation = Operation.Chat) => key.Acls.AllModels || Leads(key.Acls, key.Team, name, operation);

    public static Failure Refusal(string name, ApiKey key) => UnknownModel.Failure(name, key.Team) with { Stage = "acl" };

    private bool Leads(KeyAcls acls, Team team, string name, Operation operation)
    {
        var (table, router) = (routing.Current.Table, routing.Current.Router);
        if (acls.AllowsModel(name))
            return true;
        for (var hops = 0; hops < MostAliases && table.Models.TryGetValue(name, out var model) && model.Alias is { } alias; hops++)
            name = alias;
        if (acls.AllowsModel(name))
            return true;
        // An entry of the operator's with a slash in its name is no upstream's model.
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || table.Models.ContainsKey(name) || table.Upstreams.Find(name[..slash]) is not { } upstream || !acls.AllowsModel(name[(slash + 1)..]))
            return false;
        var listed = router.Resolve(name[(slash + 1)..], operation, team);
        return listed.IsOk && listed.Value.Attempts.Any(attempt => attempt.Upstream == upstream && attempt.Model == name[(slash + 1)..]);
    }

    /// <summary>Batches and videos name their models in bodies that go through unread.</summary>
    private static bool NamesModelsInside(HttpContext http) =>
        http.Request.Method == "POST" && (http.Request.Path.Value is { } path)
        && (path.Contains("/batches", StringComparison.Ordinal) || path.Contains("/videos", StringComparison.Ordinal));

    private static Failure Unread => new(FailureKind.Forbidden, FailureParty.Client, "acl",
        $"This API key is for certain models only, and the models of batches and videos are not looked into: use a key with the ACL {KeyAcls.ModelPrefix}*.");
}
