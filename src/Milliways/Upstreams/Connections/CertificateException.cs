using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Milliways.Upstreams.Connections;

/// <summary>A certificate that is not to be trusted, and why.</summary>
internal sealed class CertificateException(string reason) : AuthenticationException(reason)
{
    /// <summary>The platform's verdict stands; this only keeps its reason, which the platform's own exception hides in a text.</summary>
    public static bool Check(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => errors switch
    {
        SslPolicyErrors.None => true,
        _ when errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) => throw new CertificateException("it showed no certificate"),
        _ when errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) => throw new CertificateException("its certificate is for another name"),
        _ when chain?.ChainStatus.Any(status => status.Status.HasFlag(X509ChainStatusFlags.NotTimeValid)) == true => throw new CertificateException("its certificate is not valid at this time"),
        _ => throw new CertificateException("its certificate comes from no authority that is trusted here (caFile names another)"),
    };
}
