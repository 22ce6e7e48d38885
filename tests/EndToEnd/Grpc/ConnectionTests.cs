using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Milliways.EndToEnd.Support;
using Milliways.Tests.Support;

namespace Milliways.EndToEnd.Grpc;

/// <summary>The connection below the calls: pings, the end of the server, TLS.</summary>
public sealed class ConnectionTests(GrpcBench bench) : IClassFixture<GrpcBench>
{
    [Fact]
    public async Task Pings_on_a_connection_without_calls_are_answered_however_many_they_are()
    {
        await using var client = await GrpcJs.StartAsync(bench.Server, new JsonObject { ["grpc.keepalive_time_ms"] = 5, ["grpc.keepalive_permit_without_calls"] = 1 });
        Assert.Equal("OK", (await (await client.CallAsync("Auth/get_api_key_info", [])).EndAsync()).Code);
        await client.WireAsync("""{"pings":200}""");

        Assert.Equal("OK", (await (await client.CallAsync("Chat/GetCompletion", bench.Ask())).EndAsync()).Code);
        Assert.DoesNotContain("goaway", client.Wire, StringComparison.Ordinal);
        Assert.DoesNotContain("\"connections\":2", client.Wire, StringComparison.Ordinal);
    }

    [Fact]
    public async Task At_the_servers_end_a_running_stream_goes_on_to_its_own_and_a_new_call_is_UNAVAILABLE()
    {
        var server = await bench.StartServerAsync();
        await using var ended = server;
        await GrpcBench.CreditsAsync(server, "grant", "1", "--reason", "test");
        await using var client = await GrpcJs.StartAsync(server);
        var go = new TaskCompletionSource();
        var stream = await client.BeginAsync("Chat/GetCompletionChunk", bench.Ask(async http =>
        {
            var writer = new UpstreamStream(http);
            await writer.TextAsync("One ");
            await go.Task;
            await writer.AllAsync("two");
        }));
        await stream.NextAsync();

        server.Signal(Signals.Terminate);
        await client.WireAsync("""{"goaway":0}""");
        var late = await client.CallAsync("Chat/GetCompletion", bench.Ask());
        Assert.Equal("UNAVAILABLE", (await late.EndAsync()).Code);
        go.SetResult();

        Assert.Equal(("OK", "One two"), ((await stream.EndAsync()).Code, stream.Text));
        Assert.Equal(GrpcBench.Usual.ToString(System.Globalization.CultureInfo.InvariantCulture), (await stream.EndAsync()).Trailer("x-milliways-cost-ticks"));
        Assert.Equal(0, await server.ExitAsync());
        Assert.Equal(GrpcBench.Usual, await GrpcBench.ChargeAsync(server, (await stream.HeadAsync())["x-request-id"]!.GetValue<string>()));
    }

    [Fact]
    public async Task With_TLS_one_port_serves_gRPC_and_REST()
    {
        using var certificates = new Certificates();
        using var folder = new TemporaryFolder();
        using var certificate = certificates.Server("localhost", "127.0.0.1");
        await File.WriteAllTextAsync(folder.At("server.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(folder.At("server.key"), certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        await using var server = await bench.StartServerAsync($$""", "tls": { "certificate": "{{folder.At("server.pem")}}", "key": "{{folder.At("server.key")}}" } """, urls: "https://127.0.0.1:0");
        await GrpcBench.CreditsAsync(server, "grant", "1", "--reason", "test");

        await using var client = await GrpcJs.StartAsync(new Uri(server.Base).Authority, server.Key, authority: certificates.Pem);
        var whole = await client.CallAsync("Chat/GetCompletion", bench.Ask());
        Assert.True((await whole.EndAsync()).Code == "OK", (await whole.EndAsync()).ToString());
        Assert.Equal("Forty-two.", whole.Text);
        var streamed = await client.CallAsync("Chat/GetCompletionChunk", bench.Ask());
        Assert.Equal("Forty-two.", streamed.Text);

        using var trusting = new SocketsHttpHandler();
        trusting.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) => presented!.GetCertHashString() == certificate.GetCertHashString();
        using var http = new HttpClient(trusting);
        foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, server.Base + "/v1/models") { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            request.Headers.Authorization = new("Bearer", server.Key);
            using var response = await http.SendAsync(request);
            Assert.Equal((HttpStatusCode.OK, version), (response.StatusCode, response.Version));
            Assert.Contains("priced", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }
}
