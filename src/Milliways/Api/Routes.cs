using System.Collections.Frozen;
using Milliways.Dialects.Chat;
using Milliways.Dialects.OpenAiChat;
using Milliways.Exchanges;

namespace Milliways.Api;

/// <summary>What a path needs before it is served.</summary>
internal enum KeyKind
{
    /// <summary>Nothing: health, the start page.</summary>
    None,

    /// <summary>An API key as Bearer or x-api-key.</summary>
    ApiKey,

    /// <summary>A management key as Bearer.</summary>
    ManagementKey,
}

/// <summary>One route: what it answers to, and what a reader of /openapi.json is told of it.</summary>
/// <param name="Path">A path, or one with a <c>{name}</c>: at the end it takes the whole rest, slashes included; with text behind it, one segment.</param>
internal sealed record ApiRoute(string Method, string Path, KeyKind Key, string Summary, Func<HttpContext, string, Task> Handle)
{
    /// <summary>The text before the parameter, or null for a fixed path.</summary>
    public string? Prefix { get; } = Path.IndexOf('{', StringComparison.Ordinal) is >= 0 and var open ? Path[..open] : null;

    /// <summary>The text behind the parameter.</summary>
    public string Suffix { get; } = Path[(Path.IndexOf('}', StringComparison.Ordinal) + 1)..];

    /// <summary>The parameter's value in a path of this form, still escaped, or null.</summary>
    public string? Match(string path)
    {
        if (path.Length <= Prefix!.Length + Suffix.Length || !path.StartsWith(Prefix, StringComparison.Ordinal) || !path.EndsWith(Suffix, StringComparison.Ordinal))
            return null;
        var value = path[Prefix.Length..^Suffix.Length];
        return Suffix.Length > 0 && value.Contains('/', StringComparison.Ordinal) ? null : value;
    }
}

/// <summary>
/// All routes as one table: dispatch, 404, 405 and /openapi.json read the same rows. Plain handlers on purpose: nothing is bound, so every byte and
/// every flush is ours.
/// </summary>
internal sealed class Routes
{
    private readonly FrozenDictionary<string, ApiRoute[]> _fixed;
    private readonly ApiRoute[] _patterns;

    public Routes(IEnumerable<ApiRoute> routes)
    {
        All = [.. routes];
        _fixed = All.Where(route => route.Prefix is null).GroupBy(route => route.Path).ToFrozenDictionary(group => group.Key, group => group.ToArray());
        // The longer form first: what stands behind a parameter is no part of it.
        _patterns = [.. All.Where(route => route.Prefix is not null).OrderByDescending(route => route.Suffix.Length)];
    }

    public IReadOnlyList<ApiRoute> All { get; }

    /// <summary>True for a path of this server itself, such as health and the start page, which are no part of the inference API.</summary>
    public bool IsOpen(string path) => _fixed.TryGetValue(path, out var routes) && Array.TrueForAll(routes, route => route.Key == KeyKind.None);

    /// <summary>Serves a normalized path; null when no route has it.</summary>
    public Task? TryServe(HttpContext http, string path)
    {
        if (_fixed.TryGetValue(path, out var routes))
            return ServeAsync(http, path, routes, rest: "");
        foreach (var route in _patterns)
            if (route.Match(path) is { } value)
                // A model's id may hold slashes, and clients may or may not encode them (dialects 1.1).
                return ServeAsync(http, path, [.. _patterns.Where(other => other.Path == route.Path)], Uri.UnescapeDataString(value));
        return null;
    }

    public static Task NotFoundAsync(HttpContext http, string path) =>
        FailureAnswer.WriteAsync(http, ErrorsFor(http, path), Errors.RouteNotFound("the README"));

    /// <summary>The dialect of an error for a path that has no front.</summary>
    public static IErrorWriter ErrorsFor(HttpContext http, string path) =>
        Gateway.GatewayPath.TryParse(path, out _) ? Gateway.GatewayErrors.Plain
        : path.Contains("/messages", StringComparison.Ordinal) || path.EndsWith("/complete", StringComparison.Ordinal)
            || (path.StartsWith("/v1/models", StringComparison.Ordinal) && ModelsEndpoints.IsAnthropic(http)) ? ErrorWriters.Anthropic
        : ErrorWriters.Xai;

    private static Task ServeAsync(HttpContext http, string path, ApiRoute[] routes, string rest)
    {
        var method = http.Request.Method;
        foreach (var route in routes)
            if (route.Method == method || (method == "HEAD" && route.Method == "GET"))
                return route.Handle(http, rest);
        var allowed = string.Join(", ", routes.Select(route => route.Method));
        http.Response.Headers.Allow = allowed;
        return FailureAnswer.WriteAsync(http, ErrorsFor(http, path),
            new Failure(FailureKind.MethodNotAllowed, FailureParty.Client, "route", $"{method} is not allowed here: use {allowed}."));
    }
}
