using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Milliways.Hosting.Configuration;

/// <summary>The section <c>tls</c>: the certificate of the https addresses, with its chain, and its key, both PEM.</summary>
/// <param name="Certificate">The file of the certificate, those of its issuers behind it.</param>
/// <param name="Key">The file of its private key, without a password.</param>
internal sealed record TlsConfig(string Certificate, string Key)
{
    public static TlsConfig? Read(ConfigSection section)
    {
        var (certificate, key) = (section.Text("certificate"), section.Text("key"));
        section.Done();
        if (certificate is null || key is null)
        {
            section.Problem("needs \"certificate\" and \"key\", the paths of two PEM files");
            return null;
        }
        return new TlsConfig(certificate, key);
    }

    /// <exception cref="UserErrorException">A file cannot be read or is not what it should be.</exception>
    public HttpsConnectionAdapterOptions Load()
    {
        try
        {
            var issuers = new X509Certificate2Collection();
            issuers.ImportFromPemFile(Certificate);
            return new HttpsConnectionAdapterOptions { ServerCertificate = X509Certificate2.CreateFromPemFile(Certificate, Key), ServerCertificateChain = issuers };
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new UserErrorException($"tls: the certificate {Certificate} with the key {Key} cannot be used ({wrong.Message.TrimEnd('.')}): name two PEM files that belong together.", ExitCode.Usage, inner: wrong);
        }
    }
}
