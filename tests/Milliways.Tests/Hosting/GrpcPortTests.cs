using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Grpc.Core;
using Google.Protobuf.WellKnownTypes;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Hosting;
using Milliways.Tests.Support;

namespace Milliways.Tests.Hosting;

/// <summary>Where gRPC is spoken: a port of its own, or one with REST where TLS lets a client choose.</summary>
public sealed class GrpcPortTests
{
    [Fact]
    public async Task The_ready_file_names_the_port_and_none_when_there_is_none()
    {
        using var directory = new TempDirectory();
        var file = directory["ready.json"];
        await using (var server = await TestServer.StartAsync(readyFile: file))
        {
            Assert.Equal(server.Grpc, JsonDocument.Parse(await System.IO.File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).RootElement.GetProperty("grpc").GetString());
            Assert.Matches(@"^http://127\.0\.0\.1:\d+$", server.Grpc);
            Assert.NotEqual(server.Base, server.Grpc);
        }
        foreach (var none in new[] { "none", "", null })
        {
            await using var server = ServeHost.Build(TestServer.Options(directory) with { GrpcUrls = none, ReadyFile = file });
            await server.StartAsync();
            Assert.False(JsonDocument.Parse(await System.IO.File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).RootElement.TryGetProperty("grpc", out _));
            Assert.Null(server.Address.Grpc);
            await server.StopAsync();
        }
    }

    [Fact]
    public async Task The_default_is_reached_by_IPv4_and_by_IPv6()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6 && LoopbackHasIPv6(), "This machine has no IPv6.");
        var port = FreePort();
        using var directory = new TempDirectory();
        await using var server = ServeHost.Build(TestServer.Options(directory) with { GrpcUrls = $"http://localhost:{port}" });
        await server.StartAsync();
        foreach (var address in new[] { "127.0.0.1", "[::1]", "localhost" })
        {
            using var client = new GrpcClient($"http://{address}:{port}", server.FirstKey!);
            Assert.Equal(StatusCode.OK, (await client.CallAsync<Empty, ListLanguageModelsResponse>("/xai_api.Models/ListLanguageModels", new())).Code);
        }
        Assert.Equal($"http://127.0.0.1:{port}", server.Address.Grpc);
        await server.StopAsync();
        Assert.Equal([new ListenAddress("localhost", 4243, false)], ListenUrls.Grpc(ServeOptions.DefaultGrpcUrls, hasCertificate: false));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_told_with_its_own_option()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        using var directory = new TempDirectory();
        await using var server = ServeHost.Build(TestServer.Options(directory) with { GrpcUrls = $"http://{other.LocalEndpoint}" });
        var failed = await Assert.ThrowsAsync<UserErrorException>(server.StartAsync);
        Assert.Contains("--grpc-urls", failed.Message, StringComparison.Ordinal);
        Assert.Contains(other.LocalEndpoint.ToString()!, failed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://example.org:4243", "no address to listen on")]
    [InlineData("ftp://127.0.0.1:4243", "no address to listen on")]
    [InlineData("127.0.0.1:4243", "no address to listen on")]
    [InlineData("https://127.0.0.1:4243", "tls.certificate")]
    [InlineData("http://localhost:0", "http://127.0.0.1:0")]
    public void An_address_that_is_none_is_told_with_its_option(string urls, string why)
    {
        using var directory = new TempDirectory();
        var failed = Assert.Throws<UserErrorException>(() => ServeHost.Build(TestServer.Options(directory) with { GrpcUrls = urls }));
        Assert.Contains("--grpc-urls", failed.Message, StringComparison.Ordinal);
        Assert.Contains(why, failed.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, failed.ExitCode);
    }

    [Fact]
    public async Task A_host_that_is_not_this_machines_is_refused_on_a_loopback_port()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await Http2Client.ConnectAsync(server);
        var call = await client.CallAsync("/xai_api.Auth/get_api_key_info", more: (":authority", "evil.example"));
        await client.DataAsync(call, Http2Client.Message([]), end: true);
        Assert.Equal("7", (await client.AnswerAsync(call)).Status);
        Assert.Contains("security.allowedHosts", client.On(call).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task With_TLS_one_port_serves_REST_and_gRPC_whichever_option_has_named_it(bool byUrls)
    {
        using var authority = new Certificates();
        using var certificate = authority.Server("127.0.0.1");
        using var directory = new TempDirectory();
        var (pem, key) = (directory.Write("server.pem", certificate.ExportCertificatePem() + "\n" + authority.Pem), directory.Write("server.key", certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()));
        await using var lab = new FakeUpstream();
        var config = $$"""{ "upstreams": { "lab": {{TestServer.Lab(lab)}} }, "tls": { "certificate": {{JsonSerializer.Serialize(pem)}}, "key": {{JsonSerializer.Serialize(key)}} } }""";
        await using var server = ServeHost.Build(TestServer.Options(directory, config) with
        {
            Urls = byUrls ? "https://127.0.0.1:0" : "http://127.0.0.1:0", GrpcUrls = byUrls ? "none" : "https://127.0.0.1:0", Governance = false,
        });
        await server.StartAsync();
        var address = server.Address.Grpc!;
        Assert.Equal((true, byUrls), (address.StartsWith("https://", StringComparison.Ordinal), server.Address.Http == address));

        using var handler = Trusting(authority);
        using var http = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, address + "/v1/models") { Headers = { { "Authorization", "Bearer " + server.FirstKey } } };
        using var rest = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version11), (rest.StatusCode, rest.Version));
        using var second = new HttpRequestMessage(HttpMethod.Get, address + "/v1/models") { Headers = { { "Authorization", "Bearer " + server.FirstKey } }, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var overHttp2 = await http.SendAsync(second, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (overHttp2.StatusCode, overHttp2.Version));

        using var client = new GrpcClient(address, server.FirstKey!, Trusting(authority));
        var answer = await client.CompleteAsync(GrpcClient.Ask());
        Assert.True(answer.Code == StatusCode.OK, $"{answer.Code} {answer.Detail}");
        Assert.Equal("Hi", answer.Message.Outputs[0].Message.Content);
        Assert.Equal(StatusCode.OK, (await client.CallAsync<Empty, ListLanguageModelsResponse>("/xai_api.Models/ListLanguageModels", new())).Code);
        await server.StopAsync();
    }

    [Fact]
    public void A_certificate_that_cannot_be_used_is_told_by_its_file()
    {
        using var directory = new TempDirectory();
        var config = """{ "tls": { "certificate": "/nowhere/server.pem", "key": "/nowhere/server.key" } }""";
        var failed = Assert.Throws<UserErrorException>(() => ServeHost.Build(TestServer.Options(directory, config) with { Urls = "https://127.0.0.1:0" }));
        Assert.Contains("/nowhere/server.pem", failed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "grpc": { "maxMessageBytes": "20 MB" } }""", "grpc.maxMessageBytes")]
    [InlineData("""{ "grpc": { "maxMessageBytes": "1" } }""", "grpc.maxMessageBytes")]
    [InlineData("""{ "grpc": { "maxMessageBytes": "9999999999GiB" } }""", "grpc.maxMessageBytes")]
    [InlineData("""{ "grpc": { "maxStreamsPerConnection": 0 } }""", "grpc.maxStreamsPerConnection")]
    [InlineData("""{ "grpc": { "maxStreamPerConnection": 5 } }""", "maxStreamsPerConnection")]
    [InlineData("""{ "tls": { "certificate": "a.pem" } }""", "tls")]
    public void A_wrong_setting_is_named(string config, string name)
    {
        using var directory = new TempDirectory();
        var failed = Assert.Throws<UserErrorException>(() => ServeHost.Build(TestServer.Options(directory, config)));
        Assert.Contains(name, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_bounds_of_HTTP2_are_those_of_the_configuration()
    {
        await using var server = await TestServer.StartAsync("""{ "grpc": { "maxStreamsPerConnection": 321, "maxMessageBytes": "4KiB" } }""");
        var limits = server.Service<Microsoft.Extensions.Options.IOptions<Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions>>().Value.Limits.Http2;
        Assert.Equal((321, TimeSpan.FromSeconds(10)), (limits.MaxStreamsPerConnection, limits.KeepAlivePingDelay));
        using var client = new GrpcClient(server);
        Assert.Equal(StatusCode.ResourceExhausted, (await client.CompleteAsync(GrpcClient.Ask(text: new string('a', 5000)))).Code);
    }

    private static SocketsHttpHandler Trusting(Certificates authority) => new()
    {
        UseProxy = false,
        SslOptions = new System.Net.Security.SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { X509Certificate2.CreateFromPem(authority.Pem) }, RevocationMode = X509RevocationMode.NoCheck },
        },
    };

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.IPv6Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool LoopbackHasIPv6()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
