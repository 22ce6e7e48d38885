using Milliways.Credits.Accounts;

namespace Milliways.Credits.Slices;

/// <summary>How much of one resource those need who wait for it.</summary>
/// <param name="Resource">See <see cref="Resources"/>.</param>
/// <param name="Have">What the server has free of it, in ticks.</param>
/// <param name="Needs">What each of those who wait needs, first come first, in ticks.</param>
/// <param name="Budget">Of a key: what its holder may spend in a month.</param>
internal sealed record SliceNeed(string Resource, long Have, IReadOnlyList<long> Needs, long? Budget = null)
{
    public long Sum => Needs.Aggregate(0L, (sum, need) => checked(sum + need));
}

internal sealed record SliceRequest(Guid Team, long Epoch, IReadOnlyList<SliceNeed> Needs);

/// <summary>What an epoch has been given of a resource from its beginning on.</summary>
/// <param name="Lot">What the lot is, when it is one; nothing is left of it here.</param>
internal sealed record SliceGrant(string Resource, long Given, Lot? Lot);

/// <summary>What a request for slices came to.</summary>
internal sealed record SliceAnswer
{
    /// <summary>Another one has ended the epoch: nothing of it may be used any more.</summary>
    public bool IsOver { get; init; }

    /// <summary>All that the epoch was given so far of resources of which it still has something.</summary>
    public IReadOnlyList<SliceGrant> Grants { get; init; } = [];

    /// <summary>There was so little that no more was given than is needed now.</summary>
    public bool IsLow { get; init; }

    /// <summary>There was not enough of something for all who wait.</summary>
    public bool IsShort { get; init; }

    /// <summary>And other servers have some of that.</summary>
    public bool OthersHave { get; init; }

    /// <summary>Money that the database still has for this team, in ticks.</summary>
    public long FreeCredits { get; init; }

    public bool HasHadCredit { get; init; }

    /// <summary>Servers that live.</summary>
    public int Servers { get; init; }

    public IReadOnlyList<(string Gateway, SpendingLimit Limit)> Limits { get; init; } = [];

    /// <summary>How many changes are in the limits at least.</summary>
    public long Changes { get; init; }
}
