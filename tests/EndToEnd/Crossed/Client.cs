using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;

namespace Milliways.EndToEnd.Crossed;

/// <summary>One call that a client is to make.</summary>
/// <param name="Id">Claim and upstream.</param>
/// <param name="Text">The user's turn; no two calls have the same.</param>
internal sealed record Call(string Id, string Claim, string Model, string Text);

/// <summary>All calls of one client.</summary>
internal sealed record Job(string Base, string Key, string PictureAddress, IReadOnlyList<Call> Calls);

/// <summary>A real client in one of its dialects. What it makes of a call is told in the same few words by all of them: see <see cref="Claim"/>.</summary>
internal abstract record Client(string Name)
{
    /// <summary>The client's word for an answer that is complete.</summary>
    public required string Complete { get; init; }

    /// <summary>What it raises for a status.</summary>
    public required Func<int, string> Raises { get; init; }

    /// <summary>Claims, or claims with one upstream (<see cref="Table.Id"/>), that cannot hold with this client, each with the reason.</summary>
    public IReadOnlyDictionary<string, string> Absent { get; init; } = new Dictionary<string, string>();

    public bool Has(Claim claim, string upstream) => !Absent.ContainsKey(claim.Name) && !Absent.ContainsKey(Table.Id(claim, upstream));

    public abstract Task<IReadOnlyDictionary<string, JsonObject>> RunAsync(Job job);

    public override string ToString() => Name;
}

/// <summary>A client of an npm package: one process makes all its calls.</summary>
internal sealed record NodeClient(string Name, string Script) : Client(Name)
{
    /// <summary>Which of the package's models to use, where it has several.</summary>
    public string? Api { get; init; }

    public override async Task<IReadOnlyDictionary<string, JsonObject>> RunAsync(Job job)
    {
        var input = new JsonObject
        {
            ["base"] = job.Base,
            ["key"] = job.Key,
            ["api"] = Api,
            ["picture"] = $"data:image/png;base64,{Convert.ToBase64String(Tests.Support.ImageFiles.Png)}",
            ["pictureAddress"] = job.PictureAddress,
            ["calls"] = new JsonArray([.. job.Calls.Select(call => new JsonObject { ["id"] = call.Id, ["claim"] = call.Claim, ["model"] = call.Model, ["text"] = call.Text })]),
        };
        var finished = await Node.RunScriptAsync(Path.Combine("crossed", Script), input.ToJsonString());
        return finished.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonNode.Parse(line)!.AsObject())
            .ToDictionary(result => result["id"]!.GetValue<string>());
    }
}

/// <summary>A client of a NuGet package, in this process.</summary>
internal sealed record NuGetClient(string Name, Func<Job, IReadOnlyDictionary<string, Func<Call, Task<JsonObject>>>> Drive) : Client(Name)
{
    public override async Task<IReadOnlyDictionary<string, JsonObject>> RunAsync(Job job)
    {
        var claims = Drive(job);
        using var some = new SemaphoreSlim(8);
        var results = await Task.WhenAll(job.Calls.Select(async call =>
        {
            await some.WaitAsync();
            var began = System.Diagnostics.Stopwatch.GetTimestamp();
            try
            {
                var result = await claims[call.Claim](call);
                result["ms"] = (int)System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalMilliseconds;
                return (call.Id, result);
            }
            catch (Exception raised) when (raised is not KeyNotFoundException)
            {
                return (call.Id, new JsonObject { ["raised"] = Raised(raised) });
            }
            finally
            {
                some.Release();
            }
        }));
        return results.ToDictionary(result => result.Id, result => result.Item2);
    }

    private static JsonObject Raised(Exception raised) => new()
    {
        ["name"] = raised.GetType().Name,
        ["status"] = raised switch
        {
            System.ClientModel.ClientResultException { Status: > 0 } openAi => openAi.Status,
            Anthropic.Exceptions.AnthropicApiException anthropic => (int)anthropic.StatusCode,
            _ => null,
        },
        ["message"] = raised.Message,
    };
}
