namespace Milliways.Api.PassThrough;

/// <summary>The paths that xAI itself answers (xai-api 1.2).</summary>
internal static class PassThroughRoutes
{
    public static IReadOnlyList<(string Method, string Path, string Summary)> Rows { get; } =
    [
        ("POST", "/v1/files", "Uploads a file to xAI, as multipart/form-data"),
        ("GET", "/v1/files", "The team's files"),
        ("GET", "/v1/files/{file_id}", "Facts about a file"),
        ("DELETE", "/v1/files/{file_id}", "Deletes a file"),
        ("GET", "/v1/files/{file_id}/content", "Downloads a file"),
        ("POST", "/v1/batches", "Makes a batch at xAI"),
        ("GET", "/v1/batches", "The team's batches"),
        ("GET", "/v1/batches/{batch_id}", "One batch"),
        ("GET", "/v1/batches/{batch_id}/requests", "The requests of a batch"),
        ("POST", "/v1/batches/{batch_id}/requests", "Adds requests to a batch"),
        ("GET", "/v1/batches/{batch_id}/results", "The results of a batch"),
        ("POST", "/v1/batches/{batch_id}:cancel", "Cancels a batch"),
        ("POST", "/v1/videos/generations", "Starts a video at xAI"),
        ("POST", "/v1/videos/edits", "Starts the edit of a video"),
        ("POST", "/v1/videos/extensions", "Starts the extension of a video"),
        ("GET", "/v1/videos/{request_id}", "A video: 202 until it is there"),
        ("POST", "/v1/documents/search", "Searches collections at xAI"),
    ];
}
