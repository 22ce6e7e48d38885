using Milliways.Dialects.Chat;
using Milliways.Gateway.Credentials;

namespace Milliways.Gateway.Providers;

/// <summary>Providers whose paths name their host (cloudflare 1.3). What becomes part of a host name may be nothing but letters, digits and hyphens.</summary>
internal static class MappedProviders
{
    private static readonly MappedAddress None = new("", "");

    /// <summary><c>{resource}/{deployment}/{tail}</c>.</summary>
    public static Reading<MappedAddress> Azure(string rest)
    {
        var (resource, behind) = Cut(rest);
        var (deployment, tail) = Cut(behind);
        if (!HostLabel.IsOne(resource) || deployment.Length == 0 || tail.Length == 0)
            return Malformed("azure-openai/{resource}/{deployment}/{path}, such as azure-openai/my-resource/my-deployment/chat/completions?api-version=...");
        return new MappedAddress($"https://{resource}.openai.azure.com", $"/openai/deployments/{deployment}/{tail}");
    }

    /// <summary><c>bedrock-runtime/{region}/{tail}</c>, and <c>bedrock-mantle</c>, whose host no source confirms.</summary>
    public static Reading<MappedAddress> Bedrock(string rest)
    {
        var (service, behind) = Cut(rest);
        var (region, tail) = Cut(behind);
        if (!HostLabel.IsOne(region) || tail.Length == 0 || service is not ("bedrock-runtime" or "bedrock-mantle"))
            return Malformed("aws-bedrock/bedrock-runtime/{region}/{path}, such as aws-bedrock/bedrock-runtime/us-east-1/model/{model}/invoke");
        return new MappedAddress(service == "bedrock-mantle" ? $"https://bedrock-mantle.{region}.api.aws" : $"https://bedrock-runtime.{region}.amazonaws.com", "/" + tail);
    }

    /// <summary>What a call of Bedrock's is signed for.</summary>
    public static (string Region, string Service) BedrockScope(string rest)
    {
        var (service, behind) = Cut(rest);
        return (Cut(behind).First, service == "bedrock-mantle" ? AwsSigner.Mantle : AwsSigner.Runtime);
    }

    /// <summary>The host of a region of Vertex.</summary>
    public static string VertexHost(string region) => region == "global" ? "https://aiplatform.googleapis.com" : $"https://{region}-aiplatform.googleapis.com";

    /// <summary>The region of the path's <c>locations/{region}</c>; <c>global</c> and a path without one have the host without a region.</summary>
    public static Reading<MappedAddress> Vertex(string rest)
    {
        const string Locations = "locations/";
        var region = "global";
        if (rest.IndexOf(Locations, StringComparison.Ordinal) is >= 0 and var at)
            region = Cut(rest[(at + Locations.Length)..]).First;
        if (rest.Length == 0 || !HostLabel.IsOne(region))
            return Malformed("google-vertex-ai/v1/projects/{project}/locations/{region}/publishers/google/models/{model}:generateContent");
        return new MappedAddress(VertexHost(region), "/" + rest);
    }

    /// <summary><c>model/{model_id}</c> has a host of its own; everything else has the common one.</summary>
    public static Reading<MappedAddress> Baseten(string rest)
    {
        var (word, id) = Cut(rest);
        if (word != "model")
            return None;
        return HostLabel.IsOne(id) ? new MappedAddress($"https://model-{id}.api.baseten.co", "/production/predict") : Malformed("baseten/model/{model_id}");
    }

    /// <summary>A bare model's name is run; <c>v1/</c> is the OpenAI-shaped API.</summary>
    public static string WorkersAi(string rest) =>
        rest.StartsWith("v1/", StringComparison.Ordinal) || rest.StartsWith("run/", StringComparison.Ordinal) || rest.Length == 0 ? rest : "run/" + rest;

    private static (string First, string Behind) Cut(string path) =>
        path.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? (path[..slash], path[(slash + 1)..]) : (path, "");

    private static Failure Malformed(string form) => GatewayErrors.Of(FailureKind.InvalidRequest, GatewayErrors.NoGateway, $"The path is malformed: write {form}.");
}
