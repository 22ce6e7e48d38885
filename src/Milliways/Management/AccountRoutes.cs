using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Milliways.Api;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Teams;

namespace Milliways.Management;

/// <summary>The two ways to an account: registration, where it is open, and an invitation's token. Both need no key.</summary>
internal sealed class AccountRoutes(Registration registration, MemberCommands members) : IDisposable
{
    private const int LargestBody = 16 << 10;

    /// <summary>A password's hash costs a tenth of a second of a processor: strangers get one processor at most, and no queue.</summary>
    private readonly SemaphoreSlim _one = new(1);

    public IEnumerable<ApiRoute> All() =>
    [
        new("POST", "/console/api/register", KeyKind.None, "Makes an account, a team and its first key, where the configuration allows it", (http, _) => AnswerAsync(http, AccountJson.Default.NewAccount, Register)),
        new("POST", "/console/api/invitations/accept", KeyKind.None, "Takes the place that an invitation keeps, with a new account", (http, _) => AnswerAsync(http, AccountJson.Default.AcceptedInvitation, Accept)),
    ];

    public void Dispose() => _one.Dispose();

    private Account Register(NewAccount request)
    {
        var made = registration.Register(request.Email ?? "", request.Name, request.Password ?? "");
        return new Account(made.User.Id.ToString("D"), made.User.Email, made.Team.Account) { ApiKeyId = made.Key.Id.ToString("D"), Key = made.Text };
    }

    private Account Accept(AcceptedInvitation request)
    {
        var (user, team) = members.Accept(request.Token ?? "", signedIn: null, request.Name, request.Password);
        return new Account(user.Id.ToString("D"), user.Email, team.ToString("N"));
    }

    private async Task AnswerAsync<T>(HttpContext http, JsonTypeInfo<T> contract, Func<T, Account> handle) where T : class
    {
        var answer = await TryAsync(http, contract, handle);
        if (answer.IsOk)
        {
            http.Response.Headers.CacheControl = "no-store";
            await JsonAnswer.WriteAsync(http, answer.Value, AccountJson.Default.Account);
            return;
        }
        await FailureAnswer.WriteAsync(http, ErrorWriters.Xai, answer.Failure);
    }

    private async Task<Reading<Account>> TryAsync<T>(HttpContext http, JsonTypeInfo<T> contract, Func<T, Account> handle) where T : class
    {
        if (http.Request.ContentLength is not (> 0 and <= LargestBody))
            return Failure.Invalid("The body must be a JSON object of at most 16 KiB, with its length.");
        try
        {
            // All of it first: a caller that sends slowly keeps nobody else waiting.
            var request = await JsonSerializer.DeserializeAsync(http.Request.Body, contract, http.RequestAborted) ?? throw new JsonException();
            await ManagementFront.OffSockets();
            if (!await _one.WaitAsync(0))
                return new Failure(FailureKind.Overloaded, FailureParty.Gateway, "account", "Somebody else is making an account: try again.") { RetryAfterSeconds = 1 };
            try
            {
                return handle(request);
            }
            finally
            {
                _one.Release();
            }
        }
        catch (JsonException broken)
        {
            return Failure.Invalid(JsonPlace.Describe(broken));
        }
        catch (CommandException refused)
        {
            return ManagementFront.FailureOf(refused);
        }
    }
}

internal sealed record NewAccount(string? Email, string? Name, string? Password);

internal sealed record AcceptedInvitation(string? Token, string? Name, string? Password);

internal sealed record Account(string User, string Email, string Team)
{
    public string? ApiKeyId { get; init; }

    /// <summary>The first key's text, shown this once.</summary>
    public string? Key { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NewAccount))]
[JsonSerializable(typeof(AcceptedInvitation))]
[JsonSerializable(typeof(Account))]
internal sealed partial class AccountJson : JsonSerializerContext;
