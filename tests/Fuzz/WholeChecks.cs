using System.Buffers;
using System.Text.Json;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Fuzz;

/// <summary>What must hold for bodies that are read in one piece.</summary>
internal static class WholeChecks
{
    public static void Answer(IUpstreamDialect dialect, byte[] bytes)
    {
        var recorder = new Recorder();
        dialect.ReadAnswer(bytes, recorder);
        Claim.That(recorder.End is not null, "no end");
        Claim.That(dialect.ReadError(500, bytes, "7").Message.Length is > 0 and <= 2000, "an error without a message");
    }

    public static void CutAnswer(IUpstreamDialect dialect, byte[] bytes)
    {
        var recorder = new Recorder();
        dialect.ReadAnswer(bytes, recorder);
        Claim.That(!recorder.IsCompleted, "an answer that was cut is complete");
    }

    /// <summary>Read or refused; what is read can be written for every upstream, as JSON.</summary>
    public static void Request(ICallerDialect dialect, byte[] bytes)
    {
        if (!RequestScanner.Read(bytes).IsOk)
            return; // the front refuses it before
        Written(dialect.ReadRequest(bytes));
    }

    public static void Written(Reading<ChatRequest> request)
    {
        if (!request.IsOk)
        {
            Claim.That(request.Failure.Message.Length > 0, "a refusal without a word");
            return;
        }
        foreach (var upstream in Targets.Upstreams.Values.Distinct())
        {
            var body = new ArrayBufferWriter<byte>();
            if (upstream.WriteRequest(request.Value, new UpstreamTarget("m"), body, new SortedSet<string>(StringComparer.Ordinal)) is not null)
                continue;
            using var written = JsonDocument.Parse(body.WrittenMemory, new JsonDocumentOptions { MaxDepth = 1000 });
            Claim.That(written.RootElement.ValueKind == JsonValueKind.Object, "a request that is no object");
        }
    }

    /// <summary>The one-scan reader says yes only to what a full parser says yes to, and finds the same facts.</summary>
    public static void Scanner(byte[] bytes)
    {
        var facts = RequestScanner.Read(bytes);
        JsonDocument? full = null;
        try
        {
            full = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 256 });
        }
        catch (JsonException)
        {
        }
        using (full)
        {
            if (!facts.IsOk)
            {
                Claim.That(facts.Failure.Party == FailureParty.Client, "not the caller's fault");
                return;
            }
            Claim.That(full is not null, "read although it is not JSON");
            var root = full!.RootElement;
            Claim.That(root.GetProperty("model").GetString() == facts.Value.Model, "another model");
            Claim.That(bytes[facts.Value.End] == (byte)'}', "an end that is none");
            var stream = root.TryGetProperty("stream", out var value) && value.ValueKind == JsonValueKind.True;
            Claim.That(stream == facts.Value.Stream, "another stream");
            var at = bytes[facts.Value.ModelAt.Start..facts.Value.ModelAt.End];
            Claim.That(JsonDocument.Parse(at).RootElement.GetString() == facts.Value.Model, "the model stands elsewhere");
            var edited = BodyEdit.Apply(bytes, facts.Value, "other", askUsage: true);
            Claim.That(RequestScanner.Read(edited.Span) is { IsOk: true, Value.Model: "other" }, "the edited body is none");
        }
    }
}
