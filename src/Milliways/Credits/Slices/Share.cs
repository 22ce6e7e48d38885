using Milliways.Credits.Accounts;

namespace Milliways.Credits.Slices;

/// <summary>Where what was given of a resource is kept and used up.</summary>
internal interface IPart
{
    /// <summary>Neither used nor held, in ticks.</summary>
    long Free { get; }

    /// <summary>More of it, or less when negative: never what is not free.</summary>
    void Change(long ticks);
}

/// <summary>What a server was given of one resource and has given back; both are sums over its epoch.</summary>
internal sealed class Share(string resource, IPart part)
{
    public string Resource => resource;

    public IPart Part => part;

    public long Given { get; private set; }

    public long Returned { get; private set; }

    /// <summary>What the database is known to have of that.</summary>
    public long Written { get; private set; }

    /// <summary>Takes over what the database says was given; saying it again, or late, changes nothing.</summary>
    public bool Give(long given)
    {
        if (given <= Given)
            return false;
        part.Change(given - Given);
        Given = given;
        return true;
    }

    /// <summary>Takes what is free out of use; it belongs to all again when the database knows of it.</summary>
    public void Return()
    {
        if (part.Free is not (> 0 and var free))
            return;
        part.Change(-free);
        Returned = checked(Returned + free);
    }

    public void HasWritten(long returned) => Written = Math.Max(Written, returned);
}

/// <summary>The part of a team's allowance that one server may let it owe.</summary>
internal sealed class AllowancePart(Account account) : IPart
{
    public long Free => account.FreeAllowance;

    public void Change(long ticks) => account.Allowance = checked(account.Allowance + ticks);
}

/// <summary>The part of a bound of spending that one server may use. It does not know of months: what it has counts in each.</summary>
internal sealed class BoundPart : IPart
{
    private long _left;
    private long _held;

    public long Free => _left - _held;

    public void Change(long ticks) => _left = checked(_left + ticks);

    /// <summary>Holds, or gives back when negative.</summary>
    public void Hold(long ticks) => _held = checked(_held + ticks);

    /// <summary>What was held before is spent.</summary>
    public void Spend(long ticks) => _left -= ticks;
}
