using System.Net;
using System.Net.Sockets;
using Milliways.Tests.Support;

namespace Milliways.Tests.Upstreams.Connections;

/// <summary>Upstreams behind TLS with an authority of their own, and every way in which no connection comes about, each with its stage.</summary>
public sealed class TlsTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_certificate_of_the_operators_own_authority_is_trusted(bool stream)
    {
        using var authority = new Certificates();
        await using var lab = new FakeUpstream(turn => stream ? turn.StreamAsync(Answers.ChatStream) : turn.WholeAsync(Answers.Chat), authority.Server("127.0.0.1"));
        using var directory = new TempDirectory();
        await using var server = await TestServer.WithLabAsync(lab, more: $$""", "caFile": "{{directory.Write("ca.pem", authority.Pem)}}" """);

        for (var i = 0; i < 3; i++)
            Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Answers.Ask(stream: stream))).Status);
        // Whether a stream's last chunk is there when the next one is asked for nobody can tell.
        Assert.InRange(lab.Connections, 1, stream ? 3 : 1);
    }

    [Theory]
    [InlineData("unknown", "no authority that is trusted")]
    [InlineData("name", "for another name")]
    [InlineData("expired", "not valid at this time")]
    public async Task A_certificate_that_is_not_to_be_trusted_is_refused_and_the_reason_told(string fault, string reason)
    {
        using var authority = new Certificates();
        using var directory = new TempDirectory();
        var certificate = fault == "expired" ? authority.Expired("127.0.0.1") : authority.Server(fault == "name" ? "lab.example" : "127.0.0.1");
        await using var lab = new FakeUpstream(certificate: certificate);
        await using var server = await TestServer.WithLabAsync(lab, more: fault == "unknown" ? "" : $$""", "caFile": "{{directory.Write("ca.pem", authority.Pem)}}" """);

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask());

        Assert.Equal((502, "upstream, tls"), (answer.Status, answer.Header("x-milliways-failed")));
        Assert.Contains(reason, answer.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Empty(lab.Received);
    }

    [Fact]
    public async Task A_missing_file_of_authorities_switches_its_upstream_off_and_nothing_else()
    {
        await using var lab = new FakeUpstream();
        using var directory = new TempDirectory();
        var gone = Path.Combine(directory.Path, "gone.pem");
        await using var server = await TestServer.WithLabAsync(lab, more: $$""" }, "other": { "dialect": "openai-chat", "baseUrl": "https://127.0.0.1:9/v1", "models": ["beta"], "caFile": "{{gone}}" """);

        var served = await server.PostAsync("/v1/chat/completions", Answers.Ask());
        var off = await server.PostAsync("/v1/chat/completions", Answers.Ask("beta"));

        Assert.Equal(200, served.Status);
        Assert.Equal(503, off.Status);
        Assert.Contains(gone, off.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_speaks_no_TLS_is_a_failed_handshake()
    {
        using var plain = new TcpListener(IPAddress.Loopback, 0);
        plain.Start();
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "https://{{plain.LocalEndpoint}}/v1", "models": ["alpha"], "retries": 0 } } }""");

        var asking = server.PostAsync("/v1/chat/completions", Answers.Ask());
        using var accepted = await plain.AcceptSocketAsync().Soon();
        await accepted.SendAsync("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"u8.ToArray());

        var answer = await asking;
        Assert.Equal((502, "upstream, tls"), (answer.Status, answer.Header("x-milliways-failed")));
        Assert.Contains("handshake failed", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_without_an_address_is_a_failure_of_its_own()
    {
        await using var server = await TestServer.StartAsync("""{ "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "http://no-such-host.invalid:1/v1", "models": ["alpha"] } } }""");

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask());

        Assert.Equal((502, "upstream, dns"), (answer.Status, answer.Header("x-milliways-failed")));
        Assert.Contains("cannot be resolved", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("no-such-host", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_at_which_nobody_listens_is_a_failure_of_its_own()
    {
        await using var server = await TestServer.StartAsync("""{ "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "http://127.0.0.1:1/v1", "models": ["alpha"] } } }""");

        var answer = await server.PostAsync("/v1/chat/completions", Answers.Ask());

        Assert.Equal((502, "upstream, connect"), (answer.Status, answer.Header("x-milliways-failed")));
        Assert.Contains("nobody accepts connections", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handshake_that_does_not_end_is_a_504_after_the_time_for_connecting()
    {
        // It accepts the connection and waits for a request; a handshake is no request.
        var clock = new ManualTime();
        await using var mute = new FakeUpstream();
        await using var server = await TestServer.StartAsync(
            $$"""{ "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "https://127.0.0.1:{{mute.Port}}/v1", "models": ["alpha"], "timeouts": { "connect": "7s" } } } }""", clock);

        var asking = server.PostAsync("/v1/chat/completions", Answers.Ask());
        var took = await clock.RunUntilAsync(asking, TimeSpan.FromMilliseconds(100));

        var answer = await asking;
        Assert.Equal((504, "upstream, tls"), (answer.Status, answer.Header("x-milliways-failed")));
        Assert.Contains("(7 s)", answer.Text, StringComparison.Ordinal);
        Assert.InRange(took, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_connection_that_nobody_accepts_is_a_504_after_the_time_for_connecting()
    {
        var clock = new ManualTime();
        using var full = new FullBacklog();
        await using var server = await TestServer.StartAsync(
            $$"""{ "upstreams": { "lab": { "dialect": "openai-chat", "baseUrl": "http://127.0.0.1:{{full.Port}}/v1", "models": ["alpha"], "timeouts": { "connect": "7s" } } } }""", clock);

        var asking = server.PostAsync("/v1/chat/completions", Answers.Ask());
        var took = await clock.RunUntilAsync(asking, TimeSpan.FromMilliseconds(100));

        var answer = await asking;
        Assert.Equal((504, "upstream, connect"), (answer.Status, answer.Header("x-milliways-failed")));
        Assert.InRange(took, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(60));
    }
}
