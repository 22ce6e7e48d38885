using System.Reflection;
using Milliways.Dialects.Anthropic;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Dialects.XaiGrpc;

namespace Milliways.Dialects.Tests.Capabilities;

/// <summary>A dialect as callers speak it, in one flavour.</summary>
public sealed record CallerColumn(string Name, ICallerDialect Dialect, Flavour Flavour);

/// <summary>A dialect as an upstream speaks it, toward one kind of model or provider.</summary>
public sealed record UpstreamColumn(string Name, IUpstreamDialect Dialect, UpstreamTarget Target);

/// <summary>Every dialect there is, found by itself: a new one appears in the matrix without being named here.</summary>
public static class DialectRegistry
{
    private static readonly string[] Order = ["ChatDialect", "ResponsesDialect", "MessagesDialect", "GeminiDialect", "CompletionsDialect", "CompleteDialect", "XaiGrpcDialect", "GrpcUpstream"];

    public static IReadOnlyList<CallerColumn> Callers { get; } =
    [
        // Sample's requests are those of /v1/completions once they are read, and cross as those do; a compaction is a chat's conversation.
        .. Instances<ICallerDialect>().Where(dialect => dialect is not (SampleDialect or CompactDialect)).SelectMany(dialect => dialect is ChatDialect
            ? new[] { new CallerColumn("Chat (xAI)", dialect, Flavour.Xai), new CallerColumn("Chat (OpenAI)", dialect, Flavour.OpenAi) }
            : [new CallerColumn(NameOf(dialect), dialect, dialect is XaiGrpcDialect ? Flavour.Xai : Flavour.OpenAi)]),
    ];

    public static IReadOnlyList<UpstreamColumn> Upstreams { get; } =
    [
        .. Instances<IUpstreamDialect>().SelectMany<IUpstreamDialect, UpstreamColumn>(dialect => dialect switch
        {
            ChatDialect =>
            [
                new("Chat", dialect, new UpstreamTarget("m")),
                new("Chat (OpenAI)", dialect, new UpstreamTarget("gpt-5.2") { Traits = new() { OpenAiExtensions = true, MaxCompletionTokens = true, SamplingExtensions = false } }),
                new("Chat (xAI)", dialect, new UpstreamTarget("grok-beta") { Traits = new() { LiveSearch = true } }),
            ],
            MessagesDialect =>
            [
                new("Messages", dialect, new UpstreamTarget("claude-sonnet-4-6") { MaxOutput = 64000 }),
                new("Messages (older model)", dialect, new UpstreamTarget("claude-sonnet-4-0") { MaxOutput = 64000 }),
            ],
            // Google takes images, never their addresses: they are fetched on the way.
            _ => [new(NameOf(dialect), dialect, new UpstreamTarget("m") { MaxOutput = 64000, Traits = new() { InlineImages = dialect.GetType().Name == "GeminiDialect" } })],
        }),
    ];

    /// <summary>How the samples of a dialect are found.</summary>
    public static string KeyOf(object dialect) => dialect.GetType().Name;

    private static string NameOf(object dialect) => KeyOf(dialect) switch
    {
        "CompletionsDialect" => "/v1/completions",
        "CompleteDialect" => "/v1/complete",
        "XaiGrpcDialect" => "gRPC",
        "GrpcUpstream" => "gRPC (xAI)",
        var name => name.Replace("Dialect", "", StringComparison.Ordinal),
    };

    private static IEnumerable<T> Instances<T>() => typeof(ChatDialect).Assembly.GetTypes()
        .Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(T)))
        .OrderBy(type => Array.IndexOf(Order, type.Name) is var place and >= 0 ? place : Order.Length).ThenBy(type => type.Name, StringComparer.Ordinal)
        .Select(type => (T)type.GetProperty("Instance", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!);
}
