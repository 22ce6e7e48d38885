using System.Text.Json;
using System.Text.Json.Nodes;
using Milliways.Dialects.Chat;
using Milliways.Gateway.Providers;

namespace Milliways.Gateway.Credentials;

/// <summary>A key as it is stored.</summary>
/// <param name="Text">One line.</param>
/// <param name="Shown">What a preview may be made of: never of a secret within.</param>
internal sealed record StoredSecret(string Text, string Shown)
{
    /// <summary>Reads a key as its provider has them: files of several lines become one, and what could never be used is told at once.</summary>
    public static Reading<StoredSecret> Read(string provider, string text)
    {
        var form = ProviderTable.Find(provider)?.KeyForm;
        if (form == KeyForm.Aws && AwsKey.Read(text) is { } aws)
            return aws.IsOk ? new StoredSecret(OneLine(text), aws.Value.Id) : aws.Failure;
        if (form == KeyForm.ServiceAccount && ServiceAccount.Read(text) is { } account)
            return account.IsOk ? new StoredSecret(OneLine(text), account.Value.Email) : account.Failure;
        return new StoredSecret(text, text);
    }

    private static string OneLine(string text) => text.StartsWith('{') ? JsonNode.Parse(text)!.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) : text;
}
