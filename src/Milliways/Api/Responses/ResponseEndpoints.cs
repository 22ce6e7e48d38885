using System.Globalization;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Keys;
using Milliways.Stored;

namespace Milliways.Api.Responses;

/// <summary>GET, DELETE, cancel and input_items of /v1/responses/{id} (dialects 3.1; xai-api 1.6.2).</summary>
internal sealed class ResponseEndpoints(StoredResponses responses, HeldResponses held)
{
    private const int DefaultPage = 20;
    private const int LargestPage = 100;

    public async Task GetAsync(HttpContext http, ApiKey key, string id)
    {
        if (http.Request.Query["stream"] == "true")
            await RefuseAsync(http, key, Failure.Unsupported("A stored response is not streamed again: leave `stream` away.", "stream"));
        else if (await responses.FindAsync(key.Team.Account, id) is { } found)
            await WriteAsync(http, found.Body);
        else
            await RefuseAsync(http, key, Unknown(id));
    }

    /// <summary>Forgets it here and at the upstream that keeps it too; when that cannot be asked, the caller is told and may ask again.</summary>
    public async Task DeleteAsync(HttpContext http, ApiKey key, string id)
    {
        if (await ForgetAsync(http, key, id) is { } failed)
            await RefuseAsync(http, key, failed);
        else
            await JsonAnswer.WriteAsync(http, new DeletedResponse(id), ApiJson.Default.DeletedResponse);
    }

    /// <summary>Why it could not be forgotten, or null.</summary>
    public async Task<Failure?> ForgetAsync(HttpContext http, ApiKey key, string id)
    {
        var team = key.Team.Account;
        if (await responses.FindAsync(team, id) is not { } found)
            return Unknown(id);
        if (found.Holder is { } holder && await held.DeleteAsync(http, holder.Upstream, holder.Id) is { } failed)
            return failed;
        await responses.DeleteAsync(team, id);
        return null;
    }

    public async Task CancelAsync(HttpContext http, ApiKey key, string id)
    {
        var found = await responses.FindAsync(key.Team.Account, id);
        if (found is null)
            await RefuseAsync(http, key, Unknown(id));
        else if (!IsBackground(found))
            await RefuseAsync(http, key, Failure.Invalid("Only a response that was made with \"background\": true can be cancelled."));
        else if (await responses.CancelAsync(key.Team.Account, id) is { } cancelled)
            await WriteAsync(http, cancelled.Body);
        else
            await RefuseAsync(http, key, Unknown(id));
    }

    /// <summary>What led to a response, its conversation included; newest first unless asked otherwise.</summary>
    public async Task InputItemsAsync(HttpContext http, ApiKey key, string id)
    {
        var query = http.Request.Query;
        var limit = DefaultPage;
        if (query["limit"] is [{ } text] && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > LargestPage))
        {
            await RefuseAsync(http, key, Failure.Invalid("`limit` must be a whole number from 1 to 100.", "limit"));
            return;
        }
        if (query["order"] is [{ } order] && order is not ("asc" or "desc"))
        {
            await RefuseAsync(http, key, Failure.Invalid("`order` must be asc or desc.", "order"));
            return;
        }
        var (turns, missing, twice) = await responses.ConversationAsync(key.Team.Account, id);
        if (turns.Count == 0 || missing == id)
        {
            await RefuseAsync(http, key, Unknown(id));
            return;
        }
        if ((missing ?? twice) is not null)
            turns.Reverse(); // an unfinished walk comes newest first; what is left of the conversation is still true
        var items = EarlierItems.List(turns);
        if (query["order"] != "asc")
            items.Reverse();
        var from = 0;
        if (query["after"] is [{ } after])
        {
            from = items.FindIndex(item => item.Id == after) + 1;
            if (from == 0)
            {
                await RefuseAsync(http, key, Failure.Invalid($"`after` names no item of this response: {after}", "after"));
                return;
            }
        }
        var page = items.Skip(from).Take(limit).ToList();
        await JsonAnswer.WriteAsync(http, new InputItemList([.. page.Select(item => item.Item)], page.FirstOrDefault().Id, page.LastOrDefault().Id, from + page.Count < items.Count), ApiJson.Default.InputItemList);
    }

    internal static async Task WriteAsync(HttpContext http, byte[] body)
    {
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
            await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }

    private static bool IsBackground(StoredAnswer found)
    {
        using var response = ResponseObject.Parse(found.Body);
        return response.RootElement.TryGetProperty("background", out var background) && background.ValueKind == JsonValueKind.True;
    }

    private static Task RefuseAsync(HttpContext http, ApiKey key, Failure failure) => FailureAnswer.WriteAsync(http, ErrorWriters.Of(key.Flavour ?? Flavour.Xai), failure);

    public static Failure Unknown(string id) => new(FailureKind.NotFound, FailureParty.Client, "route",
        $"Response with id '{id}' not found: it was deleted, is older than 30 days, was sent with \"store\": false, or was never made.") { Param = "response_id" };
}

internal sealed record DeletedResponse(string Id)
{
    public string Object => "response";

    public bool Deleted => true;
}

internal sealed record InputItemList(JsonElement[] Data, string? FirstId, string? LastId, bool HasMore)
{
    public string Object => "list";
}
