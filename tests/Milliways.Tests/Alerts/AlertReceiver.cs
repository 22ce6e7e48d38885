using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Milliways.Tests.Support;

namespace Milliways.Tests.Alerts;

/// <summary>What a webhook's receiver got.</summary>
internal sealed record ReceivedAlert(string Id, string Timestamp, string Signature, string? ContentType, byte[] Body, TimeSpan At)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string Type => Json.GetProperty("type").GetString()!;

    public string Text => Encoding.UTF8.GetString(Body);
}

/// <summary>The receiver of a webhook: a real Kestrel that answers as a test tells it.</summary>
internal sealed class AlertReceiver : IAsyncDisposable
{
    public const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ReceivedAlert> _received = new();
    private readonly Channel<ReceivedAlert> _arrivals = Channel.CreateUnbounded<ReceivedAlert>();

    private int _unanswered;

    private AlertReceiver(WebApplication app) => _app = app;

    /// <summary>What it answers; a redirect leads to itself.</summary>
    public volatile int Status = StatusCodes.Status200OK;

    /// <summary>Answers wait for it.</summary>
    public Task Open { get; set; } = Task.CompletedTask;

    /// <summary>Only the first of an id counts as an arrival: a delivery may come twice when the clock runs faster than the machine.</summary>
    public bool IsOnceAnId { get; set; }

    public ManualTime? Clock { get; set; }

    /// <summary>Those that have arrived and wait for their answer.</summary>
    public int Unanswered => Volatile.Read(ref _unanswered);

    public string Url => _app.Urls.First() + "/hooks/secret-in-the-path";

    public IReadOnlyList<ReceivedAlert> Received => [.. _received];

    /// <summary>The types of all that came, each id once, in their order.</summary>
    public IReadOnlyList<string> Types => [.. Received.DistinctBy(alert => alert.Id).Select(alert => alert.Type)];

    public static async Task<AlertReceiver> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Logging.ClearProviders();
        var receiver = new AlertReceiver(builder.Build());
        receiver._app.Run(receiver.HandleAsync);
        await receiver._app.StartAsync();
        return receiver;
    }

    /// <summary>The next one that has not been asked for.</summary>
    public Task<ReceivedAlert> NextAsync() => _arrivals.Reader.ReadAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var headers = http.Request.Headers;
        var alert = new ReceivedAlert(headers["webhook-id"].ToString(), headers["webhook-timestamp"].ToString(), headers["webhook-signature"].ToString(), http.Request.ContentType, body.ToArray(), Clock?.Now ?? default);
        var isKnown = _received.Any(one => one.Id == alert.Id);
        _received.Enqueue(alert);
        if (!IsOnceAnId || !isKnown)
            _arrivals.Writer.TryWrite(alert);
        Interlocked.Increment(ref _unanswered);
        await Open;
        Interlocked.Decrement(ref _unanswered);
        http.Response.StatusCode = Status;
        if (Status is >= 300 and < 400)
            http.Response.Headers.Location = Url + "/elsewhere";
    }
}
