namespace Milliways.Engines;

/// <summary>The lines by which the engine's process tells on its standard output which model could not be loaded; the reason follows.</summary>
internal static class EngineReport
{
    public const string Chat = "failed chat: ";

    public const string Embedding = "failed embedding: ";
}
