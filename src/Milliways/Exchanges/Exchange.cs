using Milliways.Catalogue;
using Milliways.Dialects.Chat;
using Milliways.Exchanges.Redaction;
using Milliways.Keys;
using Milliways.Routing;
using Milliways.Upstreams;

namespace Milliways.Exchanges;

/// <summary>Which silence an exchange is in, and so which time-out watches it.</summary>
internal enum Waiting { Nothing, Body, Headers, FirstEvent, NextEvent, Retry, Caller }

/// <summary>
/// One request from its first byte to its end: what is known of it, and what can stop it. Everything here belongs to one request;
/// only <see cref="Stop"/> and the silence are touched from other threads.
/// </summary>
internal sealed class Exchange : IDisposable
{
    private CancellationTokenRegistration _gone;
    private readonly TimeProvider _time;
    private CancellationTokenSource _attempt = new();
    private volatile Failure? _stopped;
    private long _silentSince;
    private int _waiting;
    private readonly Lock _disposing = new();
    private List<DiscardedUsage>? _discarded;
    private bool _isDisposed;

    public Exchange(HttpContext http, IFront front, string requestId, TimeProvider time, BodyBudget budget)
    {
        (Http, Front, RequestId, _time, Budget) = (http, front, requestId, time, budget);
        Presented = front.Presented;
        StartedAt = time.GetTimestamp();
        _silentSince = StartedAt;
        _gone = http.RequestAborted.UnsafeRegister(static exchange => ((Exchange)exchange!).CallerLeft(), this);
    }

    public HttpContext Http { get; private set; }

    public IFront Front { get; private set; }

    /// <summary>What tells the outcome behind the answer, where the caller's protocol has that. An answer that goes into memory is never told so.</summary>
    public ITrailingStatus? Trailing => IsDetached ? null : Front.Trailing;

    /// <summary>Made by us; in the answer, the log and every record of this exchange.</summary>
    public string RequestId { get; }

    public long StartedAt { get; }

    /// <inheritdoc cref="IFront.Presented"/>
    public PresentedKey? Presented { get; }

    public ApiKey? Key { get; set; }

    public ReadOnlyMemory<byte> Body { get; set; }

    /// <summary>The server's, for bodies.</summary>
    public BodyBudget Budget { get; }

    /// <summary>This exchange's share of it, in bytes.</summary>
    public long HeldBytes { get; set; }

    public RequestFacts Facts { get; set; } = null!;

    /// <summary>The body read into the neutral model; kept so that several attempts read it once.</summary>
    public ChatRequest? Chat { get; set; }

    /// <summary>Of the attempt that answers.</summary>
    public Meter Meter { get; set; } = new();

    /// <summary>Who pays, and with which hold; null: nobody is charged.</summary>
    public IBill? Bill { get; set; }

    /// <summary>Has the hold of an exchange of several steps when the one that answers is not charged.</summary>
    public IBill? SpareBill { get; set; }

    /// <summary>The requests that stand for each other; null: it is one request.</summary>
    public IReadOnlyList<ExchangeStep>? Steps { get; private set; }

    /// <summary>The body that the steps were read from; theirs are parts of it.</summary>
    public ReadOnlyMemory<byte> Whole { get; set; }

    /// <summary>Whose turn it is; null where there are no steps.</summary>
    public ExchangeStep? Step { get; private set; }

    /// <summary>The provider is paid by whoever calls, with a key of theirs: nothing is charged here.</summary>
    public bool IsPaidElsewhere { get; set; }

    /// <summary>The error answer of an upstream that goes to the caller as it is, should its failure be the exchange's.</summary>
    public RefusedAnswer? Refused { get; set; }

    /// <summary>The credentials that it was shown and has used, which nothing that is written about it may have in it.</summary>
    public ExchangeSecrets Secrets { get; } = new();

    /// <summary>What the log will say of it; null: it is not logged.</summary>
    public ExchangeLog? Log { get; set; }

    /// <summary>The most tokens the answer may have, when that is less than the caller wants: the team's credits pay for no more.</summary>
    public long? OutputClamp { get; set; }

    /// <summary>The model's name as it was routed.</summary>
    public string RouteName { get; set; } = "";

    /// <summary>All gates let it in.</summary>
    public bool IsAdmitted { get; set; }

    /// <summary>The attempts that are left when those nobody has a price for are taken away; null: all.</summary>
    public Route? PricedRoute { get; set; }

    /// <summary>An attempt has reached the content commit: from here on the answer is the caller's, whole or not.</summary>
    public bool HasCommitted { get; set; }

    /// <summary>What attempts used whose output nobody got: failed ones and those that lost a race.</summary>
    public IReadOnlyList<DiscardedUsage> Discarded => (IReadOnlyList<DiscardedUsage>?)_discarded ?? [];

    public int Attempts { get; set; }

    /// <summary>An upstream has been sent something: from then on errors name it.</summary>
    public bool HasAsked { get; set; }

    /// <summary>The attempt that answers, once one does.</summary>
    public Attempt? Answering { get; set; }

    /// <summary>Set by a front whose caller is answered at once, while the exchange goes on.</summary>
    public IDetachment? Detachment { get; set; }

    /// <summary>What the front keeps of this exchange between its own steps.</summary>
    public object? FrontState { get; set; }

    public bool IsDetached { get; private set; }

    /// <summary>Set by a front whose answers are kept.</summary>
    public IAnswerKeeper? Keeper { get; set; }

    /// <summary>The status of a good answer, where the upstream's own goes through.</summary>
    public int AnswerStatus { get; set; } = StatusCodes.Status200OK;

    /// <summary>Headers of the upstream's that go through.</summary>
    public IReadOnlyList<(string Name, string Value)> AnswerHeaders { get; set; } = [];

    /// <summary>Names left out on the way to the answering upstream.</summary>
    public IReadOnlyCollection<string> Dropped { get; set; } = [];

    public UpstreamTimeouts Timeouts { get; set; } = UpstreamTimeouts.Usual;

    /// <summary>What is known of the model that was asked for, once it is routed.</summary>
    public CatalogueModel? Model { get; set; }

    /// <summary>The upstream that is asked now bills its answer anyway: a caller that leaves does not cancel it.</summary>
    public bool Drains { get; set; }

    /// <summary>The caller's own bound for the whole exchange, if it is shorter than ours.</summary>
    public TimeSpan? Limit { get; set; }

    /// <summary>How long the whole exchange may take, all attempts together.</summary>
    public TimeSpan Total => Limit is { } limit && limit < Timeouts.Total ? limit : Timeouts.Total;

    /// <summary>What is left of <see cref="Total"/>.</summary>
    public TimeSpan Left => Total - Age;

    /// <summary>Why there is no answer, once the exchange has ended without one.</summary>
    public Failure? Failed { get; set; }

    /// <summary>Where it stands in <see cref="OpenExchanges"/>, which alone knows what it says.</summary>
    public int Place { get; set; } = -1;

    /// <summary>Set by the one end of an exchange.</summary>
    public bool HasEnded { get; set; }

    /// <summary>The caller wants a refusal rather than an answer to less than it asked.</summary>
    public bool IsStrict { get; set; }

    public bool IsClientGone => Http.RequestAborted.IsCancellationRequested;

    /// <summary>Why the exchange was stopped from outside (time-out, shutdown), or null.</summary>
    public Failure? Stopped => _stopped;

    /// <summary>Cancelled when this attempt shall end: the caller left, a time-out fired, or the server stops.</summary>
    public CancellationToken Cancel => _attempt.Token;

    /// <summary>The caller's side of a stream, once there is one; the sweep sends keep-alives through it.</summary>
    public CallerStream? Caller { get; set; }

    public Waiting Waiting => (Waiting)Volatile.Read(ref _waiting);

    public TimeSpan Age => _time.GetElapsedTime(StartedAt);

    public TimeSpan Silence => _time.GetElapsedTime(Volatile.Read(ref _silentSince));

    /// <summary>Keeps account of what an attempt used in vain.</summary>
    public void Discard(Attempt attempt, Meter meter)
    {
        if (meter.Source != UsageSource.None && (Steps is null || !IsPaidElsewhere))
            (_discarded ??= []).Add(new DiscardedUsage(attempt.Label, meter.Usage));
    }

    /// <summary>A key or a gateway that is switched to a flavour is answered in it from here on.</summary>
    public void Speak(Flavour flavour) => Front = Front.In(flavour);

    /// <summary>From here on it is these requests, the first of them first.</summary>
    public void Begin(IReadOnlyList<ExchangeStep> steps)
    {
        (Steps, Whole) = (steps, Body);
        Turn(0);
    }

    /// <summary>Makes a step what the exchange is about; nothing where there are no steps.</summary>
    public void Turn(int step)
    {
        if (Steps is null || Step?.Index == step)
            return;
        if (Step is { } old)
        {
            (old.Front, old.Body, old.Facts, old.Chat, old.RouteName, old.Model) = (Front, Body, Facts, Chat, RouteName, Model);
            (old.IsPaidElsewhere, old.OutputClamp, old.FrontState, old.Keeper, old.Bill) = (IsPaidElsewhere, OutputClamp, FrontState, Keeper, Bill);
        }
        var next = Step = Steps[step];
        (Front, Body, Facts, Chat, RouteName, Model) = (next.Front, next.Body, next.Facts, next.Chat, next.RouteName, next.Model);
        (IsPaidElsewhere, OutputClamp, FrontState, Keeper, Bill) = (next.IsPaidElsewhere, next.OutputClamp, next.FrontState, next.Keeper, next.Bill);
        (AnswerStatus, AnswerHeaders) = (StatusCodes.Status200OK, []);
        Front.Turned(this);
    }

    /// <summary>Goes on without the caller, whose leaving means nothing any more.</summary>
    public void Detach(DetachedContext context)
    {
        _gone.Dispose();
        (Http, IsDetached) = (context.Http, true);
        _gone = Http.RequestAborted.UnsafeRegister(static exchange => ((Exchange)exchange!).CallerLeft(), this);
    }

    /// <summary>Says what is waited for from now on.</summary>
    public void Await(Waiting waiting)
    {
        Volatile.Write(ref _silentSince, _time.GetTimestamp());
        Volatile.Write(ref _waiting, (int)waiting);
    }

    /// <summary>Makes the exchange ready for another attempt after a time-out ended one.</summary>
    public void NextAttempt()
    {
        if (_stopped is { Stage: "total" or "shutdown" })
            return; // these end the exchange, not the attempt
        _stopped = null;
        if (_attempt.IsCancellationRequested && !IsClientGone)
        {
            _attempt.Dispose();
            _attempt = new CancellationTokenSource();
            if (IsClientGone)
                CancelAttempt(); // it left between the two lines above
        }
    }

    /// <summary>Ends the running attempt for a reason that is not the caller's.</summary>
    public void Stop(Failure reason)
    {
        _stopped ??= reason;
        CancelAttempt();
    }

    /// <summary>Ends the exchange with a caller that does not read: nothing can be told to it any more.</summary>
    public void LetGo(Failure reason)
    {
        Stop(reason);
        lock (_disposing)
            if (!_isDisposed) // behind that the context may be another request's
                Http.Abort();
    }

    public void Dispose()
    {
        lock (_disposing)
            _isDisposed = true;
        _gone.Dispose();
        _attempt.Dispose();
    }

    private void CallerLeft()
    {
        if (!Drains)
            CancelAttempt();
    }

    private void CancelAttempt()
    {
        try
        {
            _attempt.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The exchange ended in this very moment: there is nothing left to cancel.
        }
    }
}
