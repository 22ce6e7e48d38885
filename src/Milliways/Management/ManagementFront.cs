using System.Runtime.CompilerServices;
using System.Text.Json;
using Milliways.Api;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Exchanges;
using Milliways.Hosting;
using Milliways.Keys;
using Milliways.Teams;

namespace Milliways.Management;

/// <summary>One request of the management API, its key known and its body read.</summary>
/// <param name="Key">The management key that asks.</param>
/// <param name="Id">What stands in the path for a team or a key.</param>
/// <param name="Body">A JSON object; of a request without a body an empty one.</param>
/// <param name="Query">The query's parameters.</param>
internal sealed record ManagementRequest(ManagementKey Key, string Id, JsonElement Body, IQueryCollection Query)
{
    public Actor Actor => Key.Actor;
}

/// <summary>
/// What every path of the management API does first and last: the management key, the body's bound, and errors in xAI's shape. A handler blocks on the database,
/// so it runs on a thread of the pool. To add paths: a class with handlers like <see cref="ApiKeyPaths"/>, and rows in
/// <see cref="ManagementRoutes"/>.
/// </summary>
internal sealed class ManagementFront(ManagementKeyStore keys, ServerAddress address)
{
    private const int LargestBody = 1 << 20;
    private const string NoBody = "{}";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    public ApiRoute Route(string method, string path, string summary, Func<ManagementRequest, Utf8JsonWriter, bool> handle) =>
        Route(method, path, summary, (request, writer) => Task.FromResult(handle(request, writer)));

    /// <summary>The same for a handler that waits for something; it begins on a thread of the pool.</summary>
    public ApiRoute Route(string method, string path, string summary, Func<ManagementRequest, Utf8JsonWriter, Task<bool>> handle) =>
        new(method, path, KeyKind.ManagementKey, summary, (http, id) => AnswerAsync(http, id, handle));

    /// <param name="http">The request.</param>
    /// <param name="id">What stands in the path.</param>
    /// <param name="handle">Writes the answer; false: nothing was written, and the answer is an empty object.</param>
    private async Task AnswerAsync(HttpContext http, string id, Func<ManagementRequest, Utf8JsonWriter, Task<bool>> handle)
    {
        await OffSockets();
        var key = Authenticate(http);
        if (!key.IsOk)
        {
            await FailureAnswer.WriteAsync(http, ErrorWriters.Xai, key.Failure);
            return;
        }
        var answer = await TryAsync(http, key.Value, id, handle);
        if (!answer.IsOk)
        {
            await FailureAnswer.WriteAsync(http, ErrorWriters.Xai, answer.Failure);
            return;
        }
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = answer.Value.Length;
        // The text of a key may be in it.
        http.Response.Headers.CacheControl = "no-store";
        if (!HttpMethods.IsHead(http.Request.Method))
            await http.Response.Body.WriteAsync(answer.Value, http.RequestAborted);
    }

    private static async Task<Reading<byte[]>> TryAsync(HttpContext http, ManagementKey key, string id, Func<ManagementRequest, Utf8JsonWriter, Task<bool>> handle)
    {
        try
        {
            using var body = await ReadAsync(http);
            await OffSockets();
            using var output = new MemoryStream();
            using (var writer = new Utf8JsonWriter(output))
                if (!await handle(new ManagementRequest(key, id, body.RootElement, http.Request.Query), writer))
                {
                    writer.WriteStartObject();
                    writer.WriteEndObject();
                }
            return output.ToArray();
        }
        catch (JsonException broken)
        {
            return Failure.Invalid(JsonPlace.Describe(broken));
        }
        catch (CommandException refused)
        {
            return FailureOf(refused);
        }
    }

    /// <summary>The database blocks, and what was read from a caller may have been read on the thread of a socket.</summary>
    internal static ConfiguredTaskAwaitable OffSockets() => Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);

    private Reading<ManagementKey> Authenticate(HttpContext http)
    {
        var text = Credential.From(http.Request.Headers, out _);
        if (text.IsEmpty)
            return Errors.NoKey() with { Message = "No or an invalid authentication header was given. Send 'Authorization: Bearer <your management key>'." };
        if (keys.Find(text) is { } key)
            return key;
        var wrong = Errors.WrongKey(text.ToString(), address.Console);
        return text.StartsWith(KeyText.Prefix)
            ? wrong with { Message = wrong.Message + " It has the form of an API key: the management API takes management keys (milliways keys create-management)." }
            : wrong;
    }

    private static async Task<JsonDocument> ReadAsync(HttpContext http)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[16 << 10];
        for (int read; (read = await http.Request.Body.ReadAsync(buffer, http.RequestAborted)) > 0;)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > LargestBody)
                throw new CommandException(CommandProblem.Invalid, "The body is larger than 1 MiB.");
        }
        var document = bytes.Length == 0 ? JsonDocument.Parse(NoBody) : JsonDocument.Parse(bytes.GetBuffer().AsMemory(0, (int)bytes.Length), Strict);
        if (document.RootElement.ValueKind == JsonValueKind.Object)
            return document;
        document.Dispose();
        throw new CommandException(CommandProblem.Invalid, "The body must be a JSON object.");
    }

    internal static Failure FailureOf(CommandException refused) => refused.Problem switch
    {
        CommandProblem.NotFound => new Failure(FailureKind.NotFound, FailureParty.Client, "route", refused.Message),
        CommandProblem.Forbidden => new Failure(FailureKind.Forbidden, FailureParty.Client, "acl", refused.Message),
        // gRPC's FAILED_PRECONDITION, which is 400 in HTTP.
        _ => Failure.Invalid(refused.Message),
    };
}
