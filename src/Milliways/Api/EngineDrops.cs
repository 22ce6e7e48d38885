using Milliways.Exchanges;

namespace Milliways.Api;

/// <summary>What the embedded engine reads but cannot act on: said in <c>x-milliways-dropped</c>, never silently.</summary>
internal static class EngineDrops
{
    private static readonly string[] Tools = ["tools"];

    public static IReadOnlyCollection<string> Of(Exchange exchange) => exchange.Facts.HasTools ? Tools : [];
}
