using System.Text.Json;
using System.Text.Json.Serialization;

namespace Milliways.Hosting;

/// <summary>What scripts learn once the server listens (contract, "--ready-file"). A key is in it on the first start only.</summary>
internal sealed record ReadyFacts(string Http, string? Grpc, string Console, string Team, string? Key, string? Setup, int Pid);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ReadyFacts))]
internal sealed partial class ReadyJson : JsonSerializerContext;

internal static class ReadyFile
{
    /// <summary>Writes beside the file and renames, so that whoever sees the file sees all of it; private from its first byte.</summary>
    public static void Write(string file, ReadyFacts facts)
    {
        var temporary = file + ".tmp";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(temporary, options))
            JsonSerializer.Serialize(stream, facts, ReadyJson.Default.ReadyFacts);
        File.Move(temporary, file, overwrite: true);
    }
}
