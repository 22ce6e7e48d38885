namespace Milliways.Tests.Faults;

/// <summary>What the caller of one cell must get.</summary>
internal abstract record Expected
{
    private Expected() { }

    /// <summary>The recorded answer, once, and a proper end.</summary>
    /// <param name="Tools">The calls instead of the text.</param>
    /// <param name="Usage">The counts of the recording; false where the upstream's are missing or a lie.</param>
    public sealed record Good(bool Tools = false, bool Usage = true) : Expected;

    /// <summary>An error answer in the caller's dialect.</summary>
    /// <param name="Status">The caller's status.</param>
    /// <param name="Failed">The header <c>x-milliways-failed</c>: party and stage.</param>
    public sealed record Refused(int Status, string Failed) : Expected
    {
        /// <summary>The status is the upstream's, which the caller's dialect maps (dialects 4.13).</summary>
        public bool Mapped { get; init; }

        public string? RetryAfter { get; init; }
    }

    /// <summary>Content, then the dialect's error event and a torn connection: no terminal event, no proper end.</summary>
    /// <param name="Finish">A finish may have gone by before the break.</param>
    public sealed record Torn(bool Finish = false) : Expected;
}
