using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>Image.GenerateImage and POST /v1/images/generations, or /v1/images/edits when images are given (xai-api 1.8, 3.4.6).</summary>
public static class ImageForm
{
    private static readonly string?[] Qualities = [null, "low", "medium", "high"];

    private static readonly string?[] Ratios =
        [null, "1:1", "3:4", "4:3", "9:16", "16:9", "2:3", "3:2", "auto", "9:19.5", "19.5:9", "9:20", "20:9", "1:2", "2:1"];

    private static readonly string?[] Resolutions = [null, "1k", "2k"];

    /// <summary>The request edits what it brings.</summary>
    public static bool IsEdit(GenerateImageRequest request) => request.Image is not null || request.Images.Count > 0;

    public static Reading<byte[]> Write(GenerateImageRequest request)
    {
        if (request.Model.Length == 0) return Failure.Invalid("model is empty: name an image model.", "model");
        if (request.Prompt.Length == 0) return Failure.Invalid("prompt is empty: say what the image shall show.", "prompt");
        if (request.HasN && request.N is < 1 or > 10) return Failure.Invalid($"n is {request.N}: ask for 1 to 10 images.", "n");
        if (request.Image is not null && request.Images.Count > 0) return Failure.Invalid("image and images exclude each other: send one of them.", "images");
        if (request.StorageOptions is not null) return Failure.Unsupported("storage_options are not supported: images come in the answer.", "storage_options");
        if (request.Image is { SourceCase: ImageUrlContent.SourceOneofCase.None }) return Failure.Invalid("image has neither image_url nor file_id: set one of them.", "image");
        for (var at = 0; at < request.Images.Count; at++)
            if (request.Images[at].SourceCase == ImageUrlContent.SourceOneofCase.None)
                return Failure.Invalid($"images[{at}] has neither image_url nor file_id: set one of them.", $"images[{at}]");
        if (Unknown(request) is { } field) return Failure.Invalid($"{field} has a value that is not known here: leave it out, or choose another.", field);
        return JsonBody.Of(writer => Write(writer, request));
    }

    /// <param name="model">For an answer that names none.</param>
    public static ImageResponse Read(JsonElement answer, string model)
    {
        var message = new ImageResponse { Model = JsonBody.Text(answer, "model") is { Length: > 0 } named ? named : model };
        foreach (var item in answer.GetProperty("data"u8).EnumerateArray())
        {
            var withheld = item.TryGetProperty("respect_moderation"u8, out var respects) && respects.ValueKind == JsonValueKind.False;
            var image = new GeneratedImage { RespectModeration = !withheld };
            // Clients split at the text "base64,": REST has the bare text (xai-api 0.2 rule 16).
            if (JsonBody.Text(item, "b64_json") is { Length: > 0 } bare) image.Base64 = bare.StartsWith("data:", StringComparison.Ordinal) ? bare : $"data:{TypeOf(item, bare)};base64,{bare}";
            else if (JsonBody.Text(item, "url") is { Length: > 0 } url) image.Url = url;
            message.Images.Add(image);
        }

        if (answer.TryGetProperty("usage"u8, out var usage) && usage.ValueKind == JsonValueKind.Object)
            message.Usage = XaiGrpc.UsageWriter.Of(OpenAiChat.UsageReader.Read(usage) ?? default, JsonBody.Whole(usage, "cost_in_usd_ticks"));
        return message;
    }

    private static string? Unknown(GenerateImageRequest request) =>
        request.HasQuality && (uint)request.Quality >= Qualities.Length ? "quality"
        : request.HasAspectRatio && (uint)request.AspectRatio >= Ratios.Length ? "aspect_ratio"
        : request.HasResolution && (uint)request.Resolution >= Resolutions.Length ? "resolution"
        : null;

    private static void Write(Utf8JsonWriter writer, GenerateImageRequest request)
    {
        writer.WriteString("model"u8, request.Model);
        writer.WriteString("prompt"u8, request.Prompt);
        JsonBody.Whole(writer, "n", request.HasN, request.N);
        writer.WriteString("response_format"u8, request.Format == ImageFormat.ImgFormatBase64 ? "b64_json"u8 : "url"u8);
        JsonBody.Text(writer, "user", request.User);
        JsonBody.Text(writer, "quality", Qualities[(int)request.Quality] ?? "");
        JsonBody.Text(writer, "aspect_ratio", Ratios[(int)request.AspectRatio] ?? "");
        JsonBody.Text(writer, "resolution", Resolutions[(int)request.Resolution] ?? "");
        if (request.Image is { } image)
        {
            writer.WritePropertyName("image"u8);
            Write(writer, image);
        }

        if (request.Images.Count == 0) return;
        writer.WriteStartArray("images"u8);
        foreach (var one in request.Images) Write(writer, one);
        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, ImageUrlContent image)
    {
        writer.WriteStartObject();
        if (image.SourceCase == ImageUrlContent.SourceOneofCase.FileId) writer.WriteString("file_id"u8, image.FileId);
        else writer.WriteString("url"u8, image.ImageUrl);
        writer.WriteEndObject();
    }

    /// <summary>As the answer says, or as the first bytes look.</summary>
    private static string TypeOf(JsonElement item, string base64) =>
        JsonBody.Text(item, "mime_type") is { Length: > 0 } said ? said
        : base64.StartsWith("iVBOR", StringComparison.Ordinal) ? "image/png"
        : base64.StartsWith("UklGR", StringComparison.Ordinal) ? "image/webp"
        : "image/jpeg";
}
