using System.Security.Cryptography.X509Certificates;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Milliways.Hosting.Configuration;

namespace Milliways.Alerts;

/// <summary>Sends alerts as mail, to one address at a time, so that no recipient learns of another and one bad address keeps nobody else from being told.</summary>
internal sealed class MailClient(TimeProvider time)
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>One try. Never throws for what the mail server or the way to it does.</summary>
    public async Task<DeliveryResult> SendAsync(SmtpConfig smtp, string address, Alert alert, CancellationToken cancel)
    {
        if (smtp.OffBecause is { } off)
            return DeliveryResult.Failed($"It is switched off: {off}");
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            using var message = AlertMail.Of(alert, smtp.From, address);
            using var client = new SmtpClient { CheckCertificateRevocation = false };
            if (smtp.CaFile is { } file)
                Trust(client, file);
            await client.ConnectAsync(smtp.Host, smtp.Port, smtp.Tls switch
            {
                SmtpTls.StartTls => SecureSocketOptions.StartTls,
                SmtpTls.Implicit => SecureSocketOptions.SslOnConnect,
                _ => SecureSocketOptions.None,
            }, both.Token);
            if (smtp.User is not null)
                await client.AuthenticateAsync(smtp.User, smtp.Password ?? "", both.Token);
            await client.SendAsync(message, both.Token);
            await QuitAsync(client, both.Token);
            return DeliveryResult.Delivered;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return DeliveryResult.Failed($"The mail server did not answer within {Limit.TotalSeconds:0} s");
        }
        catch (AuthenticationException)
        {
            return DeliveryResult.Failed("The mail server does not accept the user and password"); // what it says may repeat them
        }
        catch (Exception broken) when (broken is CommandException or ProtocolException or ServiceNotConnectedException or ServiceNotAuthenticatedException or SslHandshakeException
            or IOException or System.Net.Sockets.SocketException or NotSupportedException or System.Security.Cryptography.CryptographicException or UnauthorizedAccessException)
        {
            return DeliveryResult.Failed(broken is SslHandshakeException ? "The mail server's certificate is not trusted, or it speaks no TLS at this port" : broken.Message);
        }
    }

    /// <summary>The server has the mail; what becomes of its farewell is of no interest.</summary>
    private static async Task QuitAsync(SmtpClient client, CancellationToken cancel)
    {
        try
        {
            await client.DisconnectAsync(quit: true, cancel);
        }
        catch (Exception gone) when (gone is IOException or CommandException or ProtocolException or System.Net.Sockets.SocketException or OperationCanceledException)
        {
        }
    }

    private static void Trust(SmtpClient client, string file)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(file);
        client.ServerCertificateValidationCallback = (_, certificate, _, errors) =>
        {
            if (certificate is null || errors.HasFlag(System.Net.Security.SslPolicyErrors.RemoteCertificateNameMismatch))
                return false;
            using var chain = new X509Chain { ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck } };
            chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
            return chain.Build((X509Certificate2)certificate);
        };
    }
}
