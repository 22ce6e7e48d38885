using Microsoft.AspNetCore.Http.Features;
using Milliways.Dialects.Chat;

namespace Milliways.Api.PassThrough;

/// <summary>What a passed-through request is for, and its path and query exactly as they were written, from the resource on.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Resource">files, batches, videos or documents.</param>
/// <param name="Id">The id behind the resource, or null for the collection itself.</param>
/// <param name="PathAndQuery">Such as <c>/files?limit=3</c>.</param>
internal sealed record PassThroughTarget(string Method, string Resource, string? Id, string PathAndQuery)
{
    private static readonly string[] Resources = ["files", "batches", "videos", "documents"];

    public bool IsUpload => Method == "POST" && Resource == "files";

    public bool IsDownload => Resource == "files" && PathOnly.EndsWith("/content", StringComparison.Ordinal);

    /// <summary>The list of what a team has.</summary>
    public bool IsList => Id is null && Method is "GET" or "HEAD";

    /// <summary>Makes something that belongs to the team from then on.</summary>
    public bool IsCreation => Method == "POST" && Resource != "documents" && Id is null;

    public bool IsDeletion => Method == "DELETE";

    private string PathOnly => PathAndQuery.IndexOf('?', StringComparison.Ordinal) is >= 0 and var query ? PathAndQuery[..query] : PathAndQuery;

    public static Reading<PassThroughTarget> Of(HttpContext http)
    {
        var raw = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var query = raw.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? raw : raw[..query];
        if (HasDotSegments(path))
            return Failure.Invalid("The path has a segment of dots: write the address without it.");
        foreach (var resource in Resources)
            if (path.IndexOf("/" + resource, StringComparison.Ordinal) is >= 0 and var at && IsWord(path, at + 1 + resource.Length))
            {
                var rest = path[at..].TrimEnd('/');
                return new PassThroughTarget(http.Request.Method, resource, IdOf(resource, rest[(resource.Length + 1)..]), rest + (query < 0 ? "" : raw[query..]));
            }
        return Failure.Invalid("The path is written in a form that cannot be passed on: write it plainly, such as /v1/files.");
    }

    private static bool IsWord(string path, int end) => end == path.Length || path[end] == '/';

    /// <summary>The first segment behind the resource; xAI's cancel is a verb behind a colon (xai-api 1.14), and what makes videos is no id.</summary>
    private static string? IdOf(string resource, string rest)
    {
        var segment = rest.TrimStart('/').Split('/')[0];
        if (segment.Length == 0 || (resource == "videos" && segment is "generations" or "edits" or "extensions") || resource == "documents")
            return null;
        segment = Uri.UnescapeDataString(segment);
        return resource == "batches" && segment.EndsWith(":cancel", StringComparison.Ordinal) ? segment[..^":cancel".Length] : segment;
    }

    private static bool HasDotSegments(string path) =>
        path.Split('/').Any(segment => Uri.UnescapeDataString(segment) is "." or ".." || Uri.UnescapeDataString(segment).AsSpan().ContainsAny('/', '\\'));
}
