using Milliways.Dialects.Chat;

namespace Milliways.Routing.Retries;

/// <summary>Which attempt comes next, and after which wait; asked after each failure, for one request only.</summary>
internal interface IRetryPlan
{
    /// <summary>True when an attempt is left that was not tried and may run beside another one.</summary>
    bool HasFresh { get; }

    /// <summary>The next attempt that was not tried yet, or null.</summary>
    int? NextFresh();

    /// <param name="now">Of any clock that does not go back.</param>
    /// <param name="patience">The time the request has left: a wait that uses it up is not worth beginning.</param>
    NextTry? Next(TimeSpan now, TimeSpan patience);

    /// <summary>Remembers a failure: whether and when the same attempt may be made again.</summary>
    void Failed(int index, Failure failure, TimeSpan now);

    /// <summary>It was passed over and shall not come again.</summary>
    void Skipped(int index);

    /// <summary>Whether any other try may still help after this failure.</summary>
    bool MayGoOn(Failure failure);
}

/// <summary>The next try, and how long to wait before it.</summary>
/// <param name="Index">Of the attempt.</param>
/// <param name="Wait">Before it.</param>
/// <param name="FirstPart">How long the try may take until the first part of its answer is there; null: as long as its upstream's time-outs say.</param>
internal readonly record struct NextTry(int Index, TimeSpan Wait, TimeSpan? FirstPart = null);
