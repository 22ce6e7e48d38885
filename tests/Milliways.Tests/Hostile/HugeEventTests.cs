using System.Text;
using Milliways.Tests.Faults.Callers;
using Milliways.Tests.Support;
using Milliways.Tests.Support.Upstreams;

namespace Milliways.Tests.Hostile;

/// <summary>Single events of megabytes from an upstream: up to 16 MiB they are read, beyond that the stream is broken (contract, "HTTP bounds").</summary>
public sealed class HugeEventTests
{
    public static TheoryData<string, string> Ways => new(from caller in Caller.All from wire in Wire.All select (caller.Name, wire.Name));

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task An_event_of_10_MB_arrives_whole_and_one_of_17_MiB_tears_the_stream(string front, string upstream)
    {
        var (caller, wire) = (Caller.All.Single(each => each.Name == front), Wire.Of(upstream));
        await using var lab = new FakeUpstream();
        await using var server = await TestServer.StartAsync($$"""{ "upstreams": { "lab": {{wire.Config(lab.Url, "{}")}} } }""");
        foreach (var (size, whole) in new[] { (10_000_000, true), (17 << 20, false) })
        {
            var seen = new Gate();
            lab.Standing = async turn =>
            {
                turn.KeepsConnection = false;
                await turn.BeginAsync();
                foreach (var frame in wire.Text[..wire.Committed])
                    await turn.SendAsync(frame);
                await seen.WaitAsync();
                foreach (var frame in wire.Text[wire.Committed..])
                    await turn.SendAsync(Encoding.UTF8.GetBytes(frame.Replace("生命", new string('x', size), StringComparison.Ordinal)));
                await turn.EndAsync();
            };
            using var http = new HttpClient { Timeout = Patience.Limit };
            using var request = new HttpRequestMessage(HttpMethod.Post, server.Base + caller.Path(server)) { Content = new StringContent(caller.Ask("lab/m", stream: true), Encoding.UTF8, "application/json") };
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + server.Key);
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            seen.Open();
            var (bytes, torn) = await ReadAsync(await answer.Content.ReadAsStreamAsync());

            var told = caller.ReadStream(CallerFrames.Of(bytes));
            Assert.Equal((whole, !whole), (told.Ended, torn));
            Assert.Equal(whole ? size + 5 : 2, whole ? told.Text.Length : told.Text.TrimEnd(',', ' ').Length);
            Assert.Equal(whole, told.Error is null);
        }
    }

    private static async Task<(byte[] Bytes, bool Torn)> ReadAsync(Stream stream)
    {
        using var all = new MemoryStream();
        var buffer = new byte[1 << 16];
        try
        {
            for (int read; (read = await stream.ReadAsync(buffer)) > 0;)
                all.Write(buffer, 0, read);
            return (all.ToArray(), false);
        }
        catch (Exception torn) when (torn is IOException or HttpRequestException)
        {
            return (all.ToArray(), true);
        }
    }
}
