namespace Milliways.Api;

/// <summary>Any origin may call the inference API, as at api.x.ai (xai-api 1.1): the key is the credential, and no cookie is ever read.</summary>
internal static class Cors
{
    public static void Apply(IHeaderDictionary headers)
    {
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlAllowMethods = "*";
        headers.AccessControlAllowHeaders = "*";
        headers.AccessControlExposeHeaders = "*";
    }
}
