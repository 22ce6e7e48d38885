using Milliways.Dialects.Chat;

namespace Milliways.Credits;

/// <summary>
/// Paths that go through to xAI as they are and cost money there that nobody here could count: they are not served on credit. What only stores and lists is free.
/// </summary>
internal static class BilledPaths
{
    private static readonly string[] Paths = ["/batches", "/videos", "/documents/search"];

    public static bool Are(HttpRequest request) =>
        HttpMethods.IsPost(request.Method) && Array.Exists(Paths, path => request.Path.Value?.Contains(path, StringComparison.Ordinal) == true);

    public static Failure Refusal(HttpRequest request) => new(FailureKind.Forbidden, FailureParty.Client, "price",
        $"{request.Path} has no price here and cannot be used on credit: ask the provider directly, or run this server with --governance off.") { Code = "model_without_price" };
}
