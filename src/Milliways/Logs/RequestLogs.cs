using Microsoft.AspNetCore.Http.Features;
using Milliways.Credits.Books;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Upstreams;

namespace Milliways.Logs;

/// <summary>Makes the entry of every exchange and hands it to the queue. It runs on the thread of the caller's socket, behind the answer: it neither blocks nor writes.</summary>
internal sealed class RequestLogs(LogQueue queue, ILogPolicy policy, PayloadBudget budget, TimeProvider time, ILogger<RequestLogs> log) : IExchangeLogs
{
    /// <summary>There is no answer that the caller could have seen (nginx's word for it).</summary>
    private const int ClientClosedRequest = 499;

    public ExchangeLog? Begin(string requestId)
    {
        if (policy.For("", gateway: null).IsOff)
            return null;
        var now = time.GetUtcNow();
        return new ExchangeLog(RequestIds.GuidOf(requestId) ?? RequestIds.NewGuid(now), now);
    }

    public void Entered(Exchange exchange, ExchangeLog entry)
    {
        GatewayEntry.Begin(exchange, entry);
        if (PolicyOf(exchange, entry).Keeps(entry.Collect, entry.Payloads))
            Capture(exchange, entry);
    }

    /// <summary>Which of them answers is not known yet: what one of them wants is kept until it is.</summary>
    public void Stepped(Exchange exchange, ExchangeLog entry)
    {
        var rules = PolicyOf(exchange, entry);
        if (entry.Capture is not null || !exchange.Steps!.Any(step => GatewayEntry.Wants(step) is var (collect, payloads) && rules.Keeps(collect, payloads)))
            return;
        Capture(exchange, entry);
        entry.Capture!.Request(exchange.Whole.Span, isLast: true);
    }

    public void Close(Exchange exchange, ExchangeLog entry)
    {
        var capture = (PayloadCapture?)entry.Capture;
        try
        {
            GatewayEntry.End(exchange, entry);
            var rules = PolicyOf(exchange, entry);
            if (entry.Steps.Count == 0 && !rules.Collects(entry.Collect))
            {
                capture?.Dispose();
                return;
            }
            var redactor = exchange.Secrets.Redactor(exchange.Http.Request);
            var final = Final(exchange, entry);
            foreach (var step in entry.Steps)
                if (rules.Collects(GatewayEntry.Wants(exchange.Steps?[step.Step]).Collect))
                    queue.Add(new LogItem(GatewayEntry.Of(exchange.Steps?[step.Step], Of(step, final)), Heads: null, Capture: null, redactor, rules));
            if (!rules.Keeps(entry.Collect, entry.Payloads))
            {
                capture?.Dispose();
                capture = null;
            }
            if (!rules.Collects(entry.Collect))
                return;
            (string, string)? heads = capture is null ? null : (PayloadHeads.Request(exchange.Http.Request), PayloadHeads.Response(exchange.Http.Response));
            queue.Add(new LogItem(final with
            {
                HasPayload = capture is not null,
                RequestComplete = capture is not null && (capture.IsRequestComplete || !MayHaveBody(exchange.Http)),
                ResponseComplete = capture?.IsResponseComplete ?? false,
            }, heads, capture, redactor, rules));
        }
#pragma warning disable CA1031 // The answer is out: a log that cannot be made must not break the connection behind it.
        catch (Exception unmade)
#pragma warning restore CA1031
        {
            capture?.Dispose();
            queue.Lose(1);
            log.LogError(unmade, "{Request} could not be logged", exchange.RequestId);
        }
    }

    private void Capture(Exchange exchange, ExchangeLog entry)
    {
        var capture = new PayloadCapture(budget);
        capture.Watch(exchange.Http);
        entry.Capture = capture;
    }

    private LogPolicy PolicyOf(Exchange exchange, ExchangeLog entry) => policy.For(exchange.Key?.Team.Account ?? "", entry.Gateway);

    private static LogEntry Final(Exchange exchange, ExchangeLog log)
    {
        var (request, response, attempt) = (exchange.Http.Request, exchange.Http.Response, exchange.Answering);
        var ending = log.Outcome?.Ending ?? Ending.UpstreamFailed;
        var (usage, source) = exchange.Bill?.Settled ?? (exchange.Meter.Usage, exchange.Meter.Source);
        var provider = log.Provider ?? (attempt?.Upstream is { } upstream ? upstream.Provider is { Length: > 0 } slug ? slug : upstream.Name : null);
        var asked = log.ModelAsked ?? (exchange.Facts?.Model is { Length: > 0 } named ? named : null);
        var (failed, id) = (exchange.Failed, log.Id.ToString("D"));
        // Where the outcome stands behind the answer every status is 200: the log has the one that REST would have given.
        var status = failed is not null && exchange.Trailing is not null ? exchange.Front.Status(failed) : response.StatusCode;
        return new LogEntry
        {
            Id = id,
            RequestId = exchange.RequestId,
            EventId = log.EventId ?? id,
            CreatedAt = log.Created,
            Team = exchange.Key?.Team.Account ?? "",
            KeyId = exchange.Key?.Id.ToString("D"),
            Gateway = log.Gateway,
            Provider = provider,
            ModelAsked = asked,
            Model = attempt is not null ? $"{provider}/{attempt.Model}" : asked,
            Upstream = attempt?.Upstream.Name,
            ModelType = TypeOf(exchange.Front.Operation),
            RequestType = log.RequestType,
            Compat = log.Compat,
            Method = request.Method,
            Path = request.Path.Value ?? "/",
            RequestContentType = request.ContentType,
            ResponseContentType = response.ContentType,
            StatusCode = ending == Ending.ClientGone && !exchange.HasCommitted ? ClientClosedRequest : status,
            Success = ending == Ending.Completed && failed is null && status < StatusCodes.Status400BadRequest,
            Cached = log.Cached,
            Step = log.Step,
            Attempts = exchange.Attempts,
            TokensIn = usage.TotalInput,
            TokensOut = usage.Output,
            TokensCached = usage.CacheRead,
            TokensReasoning = usage.Reasoning,
            UsageSource = source == UsageSource.None ? null : Words.Of(source),
            Duration = (long)exchange.Age.TotalMilliseconds,
            FirstByte = (long?)log.FirstByte?.TotalMilliseconds,
            CostTicks = log.Cost ?? exchange.Bill?.Charged,
            CustomCost = log.CustomCost,
            Byok = log.Byok,
            Wholesale = log.Wholesale ?? exchange.Bill is not null,
            Authentication = log.Authentication ?? exchange.Key is not null,
            Metadata = log.Metadata?.Json,
            MetadataEntries = log.Metadata?.Entries ?? [],
            Tags = request.Headers.TryGetValue(CallerHeaders.Tags, out var tags) ? HeaderText.Safe(tags.ToString()) : null,
            Session = log.Session ?? SessionKey.Named(request.Headers),
            Ending = Words.Of(ending),
            Refused = failed is null ? null : FailureAnswer.RefusedBecause(failed),
            FailedParty = failed is null ? null : FailureAnswer.Party(failed.Party),
            FailedStage = failed?.Stage,
            Error = failed?.Message,
            UserAgent = request.Headers.UserAgent is [var agent, ..] ? agent : null,
            RequestSize = log.RequestSize ?? request.ContentLength,
            ResponseSize = exchange.Caller is { Length: > 0 } stream ? stream.Length : response.ContentLength,
        };
    }

    /// <summary>What a failed step does not have of its own it has of its exchange.</summary>
    private static LogEntry Of(LogStep step, LogEntry final) => final with
    {
        Id = step.Id.ToString("D"),
        CreatedAt = step.Created,
        Step = step.Step,
        Provider = step.Provider,
        ModelAsked = step.Model,
        Model = $"{step.Provider}/{step.Model}",
        Upstream = step.Upstream,
        StatusCode = step.Status,
        Success = false,
        Cached = false,
        TokensIn = 0,
        TokensOut = 0,
        TokensCached = 0,
        TokensReasoning = 0,
        UsageSource = null,
        Duration = (long)step.Duration.TotalMilliseconds,
        FirstByte = null,
        CostTicks = null,
        CustomCost = false,
        Attempts = step.Upstream is null ? 0 : 1,
        ResponseContentType = null,
        ResponseSize = null,
        Ending = Words.Of(step.Failure.Party == FailureParty.Client ? Ending.Refused : Ending.UpstreamFailed),
        Refused = FailureAnswer.RefusedBecause(step.Failure),
        FailedParty = FailureAnswer.Party(step.Failure.Party),
        FailedStage = step.Failure.Stage,
        Error = step.Failure.Message,
    };

    /// <summary>Of a request without a body all of it is kept.</summary>
    private static bool MayHaveBody(HttpContext http) => http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? true;

    private static string TypeOf(Operation operation) => operation switch
    {
        Operation.Chat => "chat",
        Operation.Embeddings => "embeddings",
        Operation.ImageGenerations or Operation.ImageEdits => "images",
        Operation.TokenizeText or Operation.CountTokens => "tokens",
        _ => "other",
    };
}
