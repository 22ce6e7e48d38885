using System.Buffers;
using System.Text.Json;
using Milliways.Credits;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Gateway;

/// <summary>
/// Errors on gateway addresses (cloudflare 5): what the gateway itself refuses has Cloudflare's form and numbers, whatever dialect the path speaks; what is
/// wrong with a request or comes from a provider keeps the dialect's.
/// </summary>
/// <param name="dialect">How errors look that are not the gateway's; null: all have its form.</param>
internal sealed class GatewayErrors(IErrorWriter? dialect = null) : IErrorWriter
{
    public const int NoGateway = 2001;
    public const int RateLimited = 2003;
    public const int NoAnswer = 2005;
    public const int NoProvider = 2008;
    public const int NotAuthorized = 2009;
    public const int NoCredits = 2021;
    public const int SpendLimit = 2045;
    public const int NoSuchAlias = 2040;

    /// <summary>Ours: nothing in Cloudflare's list says that the gateway itself is in trouble, or that an allowed caller may not do this.</summary>
    public const int Unavailable = 2000;

    /// <summary>Cloudflare's number for a request that its schema refuses.</summary>
    public const int Invalid = 7001;

    /// <summary>The stage of failures that carry their number in <see cref="Failure.Code"/>.</summary>
    public const string Stage = "gateway";

    public static GatewayErrors Plain { get; } = new();

    /// <summary>An address that names no account or no gateway. Cloudflare's text sends its reader to a dashboard that is not there.</summary>
    public static Failure Incomplete { get; } = Of(FailureKind.InvalidRequest, NoGateway,
        "Please configure AI Gateway: write the address as /v1/{account}/{gateway}/{provider}/..., with the account of 32 hex digits that milliways teams list shows.");

    public static Failure UnknownProvider { get; } = Of(FailureKind.InvalidRequest, NoProvider, "Invalid provider");

    public static Failure NotAuthorizedFailure { get; } = new(FailureKind.WrongKey, FailureParty.Client, "key", "Unauthorized");

    /// <summary>Told to the gateway's own team only.</summary>
    public static Failure UnknownGateway(string name) => Of(FailureKind.InvalidRequest, NoGateway,
        $"Please configure AI Gateway: the team has no gateway {name}. milliways gateways list shows which it has, milliways gateways create makes one.");

    /// <summary>The same of a step, which is named.</summary>
    public static Failure UnknownProviderOf(string field, string slug) => Of(FailureKind.InvalidRequest, NoProvider,
        $"Invalid provider: {field} is \"{slug}\". Write a provider's slug such as grok, the name of an upstream, custom-SLUG, or compat.") with { Param = field };

    public static Failure Of(FailureKind kind, int code, string message) =>
        new(kind, FailureParty.Client, Stage, message) { Code = code.ToString(System.Globalization.CultureInfo.InvariantCulture) };

    /// <summary>The body of an error that no exchange had a part in.</summary>
    public static byte[] Body(string message, int code = Invalid) => FailureAnswer.Body(Plain, Of(FailureKind.InvalidRequest, code, message), "");

    public int Status(Failure failure) => Own(failure) is { } own ? own.Status : dialect!.Status(failure);

    public void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output)
    {
        if (Own(failure) is not { } own)
        {
            dialect!.WriteFailure(failure, requestId, output);
            return;
        }
        using var writer = new Utf8JsonWriter(output);
        writer.WriteStartObject();
        writer.WriteBoolean("success"u8, false);
        writer.WriteStartArray("result"u8);
        writer.WriteEndArray();
        writer.WriteStartArray("messages"u8);
        writer.WriteEndArray();
        writer.WriteStartArray("error"u8);
        writer.WriteStartObject();
        writer.WriteNumber("code"u8, own.Code);
        writer.WriteString("message"u8, own.Message);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteString("name"u8, "AiGatewayError"u8);
        writer.WriteNumber("httpCode"u8, own.Status);
        writer.WriteNumber("internalCode"u8, own.Code);
        writer.WriteString("message"u8, own.Message);
        writer.WriteString("description"u8, own.Message);
        writer.WriteEndObject();
    }

    /// <summary>A failure in Cloudflare's numbers, or null: it is the dialect's to tell.</summary>
    private (int Status, int Code, string Message)? Own(Failure failure) => failure switch
    {
        { Stage: Stage, Code: { } number } => (StatusOf(failure), int.Parse(number, System.Globalization.CultureInfo.InvariantCulture), failure.Message),
        { Kind: FailureKind.NoKey or FailureKind.WrongKey } or { Kind: FailureKind.Forbidden, Stage: "key" } => (401, NotAuthorized, NotAuthorizedFailure.Message),
        { Kind: FailureKind.RateLimited, Party: not FailureParty.Upstream } => (429, RateLimited, failure.Stage == Stage ? "Rate limited" : $"Rate limited: {failure.Message}"),
        { Kind: FailureKind.OutOfCredits, Code: CreditFailures.GatewayLimitCode } => (429, SpendLimit, failure.Message),
        { Kind: FailureKind.OutOfCredits } or { Kind: FailureKind.Forbidden, Stage: "price" } => (402, NoCredits, failure.Message),
        { Kind: FailureKind.ModelNotFound } => (400, NoProvider, failure.Param is null ? failure.Message : $"Model not found: {failure.Param}"),
        { Kind: FailureKind.Forbidden } => (403, Unavailable, failure.Message),
        { Kind: FailureKind.RouteNotFound } => (400, NoGateway, failure.Message),
        { Kind: FailureKind.MethodNotAllowed } => (405, Invalid, failure.Message),
        { Kind: FailureKind.Timeout } => (504, NoAnswer, failure.Message),
        { Kind: FailureKind.UpstreamBroken } => (502, NoAnswer, failure.Message),
        { Kind: FailureKind.Overloaded, Party: FailureParty.Gateway } => (503, Unavailable, failure.Message),
        { Kind: FailureKind.Internal } => (500, Unavailable, failure.Message),
        _ when dialect is not null => null,
        { UpstreamStatus: { } status } => (status, NoAnswer, failure.Message),
        { Kind: FailureKind.NotFound } => (404, Invalid, failure.Message),
        { Kind: FailureKind.PayloadTooLarge } => (413, Invalid, failure.Message),
        { Kind: FailureKind.UnsupportedMediaType } => (415, Invalid, failure.Message),
        { Kind: FailureKind.NotOffered } => (501, NoProvider, failure.Message),
        { Party: FailureParty.Upstream } => (502, NoAnswer, failure.Message),
        _ => (400, Invalid, failure.Message),
    };

    private static int StatusOf(Failure failure) => failure.Kind switch
    {
        FailureKind.OutOfCredits => 402,
        FailureKind.RateLimited => 429,
        FailureKind.UpstreamBroken => 502,
        _ => 400,
    };
}
