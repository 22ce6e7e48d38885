using Milliways.Limits;
using Milliways.Limits.Counting;
using Milliways.Tests.Support;

namespace Milliways.Tests.Limits.Counting;

/// <summary>One team's limits on a clock of the test's, asked as the gate asks them.</summary>
internal sealed class Asking
{
    private readonly LimitBook _book;

    public Asking(TimeProvider? clock = null) => _book = new LimitBook(clock ?? TimeProvider.System);

    public LimitBook Book => _book;

    public Guid Team { get; init; } = Guid.CreateVersion7(DateTimeOffset.UnixEpoch);

    public LimitStanding Standing { get; private set; }

    /// <summary>What is held, or why it is not.</summary>
    public (Holding? Held, LimitHit Hit) Ask(TokenBound tokens, params ScopedLimits[] scopes)
    {
        var held = scopes.Select(scope => new HeldLimit { Asked = scope }).ToArray();
        var admitted = _book.TryEnter(Team, held, tokens, out var team, out var at, out var hit, out var standing);
        Standing = standing;
        return admitted ? (new Holding(team, held, at), hit) : (null, hit);
    }

    public bool Enter(params ScopedLimits[] scopes) => Ask(default, scopes).Held is not null;

    public static ScopedLimits Of(LimitSet limits) => new(ScopeName.Team, limits);
}

internal sealed record Holding(TeamLimits Team, HeldLimit[] Held, long At)
{
    public void Correct(long used) => Team.Correct(Held, At, used);

    public void Leave() => Team.Leave(Held);

    public void Undo() => Team.Undo(Held, At);
}
