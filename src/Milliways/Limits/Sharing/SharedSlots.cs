namespace Milliways.Limits.Sharing;

/// <summary>This server's part of the exchanges that a scope may have at one time.</summary>
internal sealed class SharedSlots(ShareClock clock)
{
    /// <summary>For how long a refusal is believed, in milliseconds: a slot is free when somebody's answer ends.</summary>
    private const int Believed = 50;

    /// <summary>Limits of fewer for each living server are decided one by one.</summary>
    private const int SlicedFrom = 4;

    private readonly Pace _pace = new(clock, 200);
    private long _validUntil;
    private long _refusedUntil;
    private long _stored;
    private long _epoch;
    private long _free;

    public long? Limit { get; private set; }

    /// <summary>Exchanges that run here.</summary>
    public long Open { get; private set; }

    /// <summary>What the database counts as this server's, or more than that.</summary>
    public long Held { get; private set; }

    public long Target { get; private set; }

    public long Used => Limit is { } limit ? Math.Max(0, limit - _free) : 0;

    public void Use(long? limit)
    {
        if (Limit == limit)
            return;
        if (limit is null || limit < Limit)
            Held = Math.Min(Held, Open);
        Limit = limit;
    }

    public bool Has(long now) => Spare(now) > 0;

    public bool IsRefused(long now) => now < _refusedUntil;

    /// <summary>Counts one that runs: of what is here, or, where nothing is limited, beside it.</summary>
    public void Enter()
    {
        Open++;
        _pace.Count(1);
    }

    public void Leave()
    {
        Open--;
        _refusedUntil = 0;
    }

    /// <summary>Something is to be told to the database: what the epoch holds is not what it has there, or lies idle.</summary>
    public bool IsOutdated(long epoch, long now) =>
        Limit is null ? _stored != 0 : _stored != Held || Held - Open > Target || (_epoch != epoch && Open > 0) || IsDue(now);

    /// <summary>What lies idle is given back after a while.</summary>
    public bool IsDue(long now) => Held > Open && _pace.IsOver(now);

    /// <summary>Begins a transaction. What runs is held in any case, under whichever epoch.</summary>
    public void Roll(long now, int servers)
    {
        var need = _pace.Next(now);
        Target = Limit is { } limit && limit >= SlicedFrom * servers ? Math.Min(need, limit / (SlicedFrom * servers)) : 0;
        Held = Limit is null ? 0 : Open + Math.Min(Spare(now), Target);
    }

    /// <summary>What the transaction gave.</summary>
    /// <param name="held">As the database has it.</param>
    /// <param name="given">More than before.</param>
    /// <param name="free">Over all servers.</param>
    public void Learn(long epoch, long held, long given, long free, long validUntil)
    {
        (_epoch, _stored, _free, _validUntil) = (epoch, held, free, validUntil);
        if (Limit is not null)
            Held += given;
    }

    public void Refused(long now) => _refusedUntil = now + clock.Of(Believed);

    /// <summary>Nobody knows what the database has.</summary>
    public void Lost() => _stored = -1;

    private long Spare(long now) => now < _validUntil ? Math.Max(0, Held - Open) : 0;
}
