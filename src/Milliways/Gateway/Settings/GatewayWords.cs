namespace Milliways.Gateway.Settings;

/// <summary>Cloudflare's words for settings, as they stand in commands, in the database and in headers.</summary>
internal static class GatewayWords
{
    public static string Word(this Backoff backoff) => backoff switch { Backoff.Linear => "linear", Backoff.Exponential => "exponential", _ => "constant" };

    public static Backoff? ParseBackoff(string? word) => word switch
    {
        "constant" => Backoff.Constant,
        "linear" => Backoff.Linear,
        "exponential" => Backoff.Exponential,
        _ => null,
    };

    public static string Word(this RateTechnique technique) => technique == RateTechnique.Fixed ? "fixed" : "sliding";

    public static RateTechnique? ParseTechnique(string? word) => word switch { "fixed" => RateTechnique.Fixed, "sliding" => RateTechnique.Sliding, _ => null };

    public static string Word(this LogStrategy strategy) => strategy == LogStrategy.StopInserting ? "STOP_INSERTING" : "DELETE_OLDEST";

    public static LogStrategy? ParseStrategy(string? word) => word switch { "STOP_INSERTING" => LogStrategy.StopInserting, "DELETE_OLDEST" => LogStrategy.DeleteOldest, _ => null };

    /// <summary>Whether bodies are logged, as the configuration says it.</summary>
    public static string? Payloads(bool? keeps) => keeps switch { true => "full", false => "none", null => null };

    public static bool? ParsePayloads(string? word) => word switch { "full" => true, "none" => false, _ => null };
}
