using Milliways.Exchanges.Redaction;

namespace Milliways.Logs;

/// <summary>An entry on its way to the store. Whoever takes it from the queue disposes of it: then its bodies' bytes are free.</summary>
/// <param name="Entry">As it was made; secrets may still be in its texts.</param>
/// <param name="Heads">Of the request and the answer; null: no payload is kept.</param>
/// <param name="Capture">The bodies; null: no payload is kept.</param>
/// <param name="Redactor">Knows the secrets.</param>
/// <param name="Policy">Of its gateway.</param>
internal sealed record LogItem(LogEntry Entry, (string Request, string Response)? Heads, PayloadCapture? Capture, Redactor Redactor, LogPolicy Policy) : IDisposable
{
    /// <summary>The entry as it may be written: without secrets, its texts no longer than they are of use.</summary>
    public LogEntry Clean() => Entry with
    {
        EventId = Short(Entry.EventId, 256)!,
        Provider = Short(Entry.Provider, 128),
        ModelAsked = Short(Entry.ModelAsked, 256),
        Model = Short(Entry.Model, 256),
        Upstream = Short(Entry.Upstream, 128),
        Gateway = Short(Entry.Gateway, 64),
        Path = Short(Entry.Path, 2048)!,
        RequestContentType = Short(Entry.RequestContentType, 128),
        ResponseContentType = Short(Entry.ResponseContentType, 128),
        Metadata = Redactor.Text(Entry.Metadata),
        MetadataEntries = Entry.MetadataEntries.Count == 0 ? [] : [.. Entry.MetadataEntries.Select(entry => (Short(entry.Name, 256)!, Short(entry.Value, 600)!))],
        Tags = Short(Entry.Tags, 1024),
        Session = Short(Entry.Session, 256),
        Error = Short(Entry.Error, 1024),
        UserAgent = Short(Entry.UserAgent, 512),
    };

    public LogPayload? Payload()
    {
        if (Heads is not (var request, var response) || Capture is null)
            return null;
        var (asked, answered) = (Capture.RequestBody.ToArray(), Capture.ResponseBody.ToArray());
        Redactor.Body(asked);
        Redactor.Body(answered);
        return new LogPayload(Redactor.Text(request)!, asked, Redactor.Text(response)!, answered);
    }

    public void Dispose() => Capture?.Dispose();

    /// <summary>Without secrets, before anything is cut: the beginning of one would not be recognised. Neither database takes NUL in a text.</summary>
    private string? Short(string? text, int most)
    {
        text = Redactor.Text(text);
        if (text is null)
            return null;
        if (text.Length > most)
            text = text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)];
        return text.Contains('\0', StringComparison.Ordinal) ? text.Replace("\0", "", StringComparison.Ordinal) : text;
    }
}
