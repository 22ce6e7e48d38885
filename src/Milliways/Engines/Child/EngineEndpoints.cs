using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Engines.Child;

/// <summary>The paths of the engine's process. They speak OpenAI's dialect, so that to a gateway it is one more upstream.</summary>
internal sealed class EngineEndpoints(EngineModels models, TimeProvider time)
{
    /// <summary>More than any gateway sends: its own bound is 32 MiB, and crossing dialects adds little.</summary>
    private const int MostBodyBytes = 64 << 20;

    /// <summary>
    /// With work pending, a step that takes longer than this is a hang: 5 s for the embedded model, which is given many times what it needs, and as much
    /// more as another model is larger.
    /// </summary>
    private readonly TimeSpan _longestStep = TimeSpan.FromSeconds(5 * Math.Max(1, (models.Chat?.Facts.SizeBytes ?? 0) / 100e6));

    private readonly ChatHandler _chat = new(models, time);
    private readonly EmbeddingsHandler _embeddings = new(models);
    private readonly TokenizeHandler _tokenize = new(models);

    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            var failure = (http.Request.Method, http.Request.Path.Value) switch
            {
                ("POST", "/v1/chat/completions") => await _chat.CompleteAsync(http),
                ("POST", "/v1/chat/count-tokens") => await _chat.CountAsync(http),
                ("POST", "/v1/embeddings") => await _embeddings.HandleAsync(http),
                ("POST", "/v1/tokenize-text") => await _tokenize.HandleAsync(http),
                ("GET", "/v1/models") => await ModelsAsync(http),
                ("GET", "/healthz") => await HealthAsync(http),
                _ => new Failure(FailureKind.RouteNotFound, FailureParty.Client, "route", $"The engine has no {http.Request.Method} {http.Request.Path}."),
            };
            if (failure is not null)
                await RefuseAsync(http, failure);
        }
        catch (JsonException broken)
        {
            await RefuseAsync(http, Failure.Invalid(JsonPlace.Describe(broken)));
        }
        catch (BodyTooLargeException)
        {
            await RefuseAsync(http, new Failure(FailureKind.PayloadTooLarge, FailureParty.Client, "body", "The request body is larger than 64 MiB: send less."));
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException && http.RequestAborted.IsCancellationRequested)
        {
            // The caller left; its generation was cancelled with the token.
        }
    }

    /// <summary>Reads a body whole.</summary>
    /// <exception cref="BodyTooLargeException">It has no end in sight.</exception>
    public static async Task<ReadOnlyMemory<byte>> BodyAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        var piece = new byte[16 << 10];
        int read;
        while ((read = await http.Request.Body.ReadAsync(piece, http.RequestAborted)) > 0)
        {
            body.Write(piece, 0, read);
            if (body.Length > MostBodyBytes)
                throw new BodyTooLargeException();
        }
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    private sealed class BodyTooLargeException : Exception;

    public static async Task AnswerAsync(HttpContext http, ReadOnlyMemory<byte> json)
    {
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = json.Length;
        await http.Response.BodyWriter.WriteAsync(json, http.RequestAborted);
    }

    private static async Task RefuseAsync(HttpContext http, Failure failure)
    {
        http.Response.StatusCode = EngineErrors.Status(failure);
        if (failure.RetryAfterSeconds is { } seconds)
            http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        using var body = new PooledWriter();
        EngineErrors.Write(failure, body);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        http.Response.BodyWriter.Write(body.Written);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    private async Task<Failure?> ModelsAsync(HttpContext http)
    {
        await AnswerAsync(http, EngineJson.Models(models));
        return null;
    }

    /// <summary>503 when the decode loop does not beat although it has work.</summary>
    private async Task<Failure?> HealthAsync(HttpContext http)
    {
        if (models.Chat?.Heartbeat is { WorkPending: true } beat && time.GetElapsedTime(beat.Timestamp) > _longestStep)
            return new Failure(FailureKind.Overloaded, FailureParty.Gateway, "engine", "The decode loop does not answer.");
        await AnswerAsync(http, EngineJson.Health(models.Chat?.CurrentLoad ?? default));
        return null;
    }
}
