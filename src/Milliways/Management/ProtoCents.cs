using System.Globalization;
using System.Text.Json;
using Milliways.Billing;
using Milliways.Credits;
using Milliways.Teams;

namespace Milliways.Management;

/// <summary>xAI's Cent message, <c>{"val": "1234"}</c>: US cents as text (xai-api 2.3).</summary>
internal static class ProtoCents
{
    /// <summary>The largest amount that a request may name.</summary>
    public const long Most = Money.Most / Cents.Ticks;

    public static void Write(Utf8JsonWriter writer, string name, long cents)
    {
        writer.WriteStartObject(name);
        WriteLong(writer, "val", cents);
        writer.WriteEndObject();
    }

    /// <summary>A 64-bit number, which proto3's JSON writes as text.</summary>
    public static void WriteLong(Utf8JsonWriter writer, string name, long value) => writer.WriteString(name, value.ToString(CultureInfo.InvariantCulture));

    /// <exception cref="CommandException">It is not there, or none.</exception>
    public static long Read(JsonElement body, string camel, string snake)
    {
        if (ProtoJson.Member(body, camel, snake) is not { ValueKind: JsonValueKind.Object } amount || ProtoJson.Number(amount, "val") is not { } cents)
            throw ProtoJson.Wrong(camel, "an amount in cents such as {\"val\": \"2500\"}");
        return cents is >= -Most and <= Most ? cents : throw ProtoJson.Wrong(camel + ".val", $"at most {Most} cents");
    }
}
