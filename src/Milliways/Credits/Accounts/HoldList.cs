using System.Collections;

namespace Milliways.Credits.Accounts;

/// <summary>The holds of an account, linked through themselves: one comes and goes with every request. Guarded by the account's owner.</summary>
internal sealed class HoldList : IReadOnlyCollection<AccountHold>
{
    private AccountHold? _first;

    public int Count { get; private set; }

    public void Add(AccountHold hold)
    {
        hold.Next = _first;
        _first?.Previous = hold;
        _first = hold;
        Count++;
    }

    /// <summary>One that is not in it leaves it as it is.</summary>
    public void Remove(AccountHold hold)
    {
        if (hold.Previous is null && _first != hold)
            return;
        if (hold.Previous is { } previous)
            previous.Next = hold.Next;
        else
            _first = hold.Next;
        hold.Next?.Previous = hold.Previous;
        (hold.Previous, hold.Next) = (null, null);
        Count--;
    }

    public IEnumerator<AccountHold> GetEnumerator()
    {
        for (var hold = _first; hold is not null; hold = hold.Next)
            yield return hold;
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
