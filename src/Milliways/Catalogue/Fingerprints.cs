using System.Security.Cryptography;
using System.Text;

namespace Milliways.Catalogue;

/// <summary><c>system_fingerprint</c>: fp_ and ten hex digits, the same for the same model (xai-api 1.3.6).</summary>
internal static class Fingerprints
{
    public static string Of(string model) => "fp_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(model)).AsSpan(0, 5));
}
