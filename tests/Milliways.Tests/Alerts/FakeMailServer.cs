using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;
using Milliways.Tests.Support;

namespace Milliways.Tests.Alerts;

/// <param name="User">Who had signed in; null: nobody.</param>
internal sealed record ReceivedMail(string From, string To, string Data, bool IsEncrypted, string? User);

/// <summary>A mail server on a real socket: as much of SMTP (RFC 5321, 3207, 4954) as a client needs to leave a mail.</summary>
internal sealed class FakeMailServer : IAsyncDisposable
{
    public const string User = "alerts", Password = "mail-password-0123456789";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2? _certificate;
    private readonly bool _isImplicit;
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Channel<ReceivedMail> _mails = Channel.CreateUnbounded<ReceivedMail>();
    private readonly Task _accepting;

    /// <param name="certificate">With it the server offers STARTTLS.</param>
    /// <param name="isImplicit">It begins with TLS instead.</param>
    public FakeMailServer(X509Certificate2? certificate = null, bool isImplicit = false)
    {
        (_certificate, _isImplicit) = (certificate, isImplicit);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Addresses that it does not take.</summary>
    public ConcurrentBag<string> Unknown { get; } = [];

    /// <summary>All that clients said, TLS taken off.</summary>
    public ConcurrentQueue<string> Heard { get; } = new();

    public Task<ReceivedMail> NextAsync() => _mails.Reader.ReadAsync().AsTask().Soon();

    public bool HasMore => _mails.Reader.TryPeek(out _);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections).Soon();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync()));
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var _ = client;
        try
        {
            var stream = _isImplicit ? await EncryptAsync(client.GetStream()) : client.GetStream();
            await TalkAsync(stream);
        }
        catch (Exception gone) when (gone is IOException or AuthenticationException or ObjectDisposedException)
        {
            // The client did not trust the certificate, or has left.
        }
    }

    private async Task<Stream> EncryptAsync(Stream stream)
    {
        var secure = new SslStream(stream);
        await secure.AuthenticateAsServerAsync(_certificate!);
        return secure;
    }

    private async Task TalkAsync(Stream stream)
    {
        var reader = new StreamReader(stream, Encoding.UTF8);
        string? user = null;
        var (from, to) = ("", "");
        await SayAsync("220 fake ESMTP");
        while (await reader.ReadLineAsync() is { } line)
        {
            Heard.Enqueue(line);
            switch (line.Split(' ', ':')[0].ToUpperInvariant())
            {
                case "EHLO":
                    await SayAsync(_certificate is not null && stream is not SslStream ? "250-fake\r\n250-8BITMIME\r\n250 STARTTLS" : "250-fake\r\n250-8BITMIME\r\n250 AUTH PLAIN");
                    break;
                case "STARTTLS":
                    await SayAsync("220 go on");
                    stream = await EncryptAsync(stream);
                    reader = new StreamReader(stream, Encoding.UTF8);
                    break;
                case "AUTH":
                    var parts = Encoding.UTF8.GetString(Convert.FromBase64String(line.Split(' ')[2])).Split('\0');
                    user = parts is [_, User, Password] ? User : null;
                    await SayAsync(user is null ? $"535 {parts[2]} is wrong" : "235 welcome");
                    break;
                case "MAIL":
                    from = Address(line);
                    await SayAsync("250 ok");
                    break;
                case "RCPT":
                    to = Address(line);
                    await SayAsync(Unknown.Contains(to) ? "550 nobody of that name" : "250 ok");
                    break;
                case "DATA":
                    await SayAsync("354 go on");
                    var data = new StringBuilder();
                    while (await reader.ReadLineAsync() is { } text && text != ".")
                        data.Append(text).Append('\n');
                    _mails.Writer.TryWrite(new ReceivedMail(from, to, data.ToString(), stream is SslStream, user));
                    await SayAsync("250 taken");
                    break;
                case "QUIT":
                    await SayAsync("221 bye");
                    return;
                default:
                    await SayAsync("250 ok");
                    break;
            }
        }

        Task SayAsync(string text) => stream.WriteAsync(Encoding.UTF8.GetBytes(text + "\r\n")).AsTask();
    }

    private static string Address(string line) => line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..line.IndexOf('>', StringComparison.Ordinal)];
}
