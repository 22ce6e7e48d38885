namespace Milliways.Credits;

/// <summary>
/// Refusals for money's sake, as they are given to callers. Called on the path of an answer: an implementation queues and returns, and costs nothing when
/// nobody wants to know.
/// </summary>
internal interface ICreditEvents
{
    void Refused(Payer payer, HoldRefusal refusal);

    /// <summary>A request on credit was refused because nobody knows what it costs.</summary>
    void Unpriced(string model, string upstream);
}
