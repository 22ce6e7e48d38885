using Milliways.Credits.Accounts;
using Milliways.Credits.Books;
using Milliways.Hosting.Admin;

namespace Milliways.Credits;

/// <summary>Credits in the registry of commands. The books are opened when the first of these commands is run.</summary>
internal sealed class CreditsAdmin(IServiceProvider services) : IAdminCommandSet
{
    private static readonly CreditsJson Json = CreditsJson.Default;

    public static readonly AdminCommand<CreditsRef, CreditsShown> Show = new("credits show", Json.CreditsRef, Json.CreditsShown);
    public static readonly AdminCommand<GrantCredit, CreditChange> Grant = new("credits grant", Json.GrantCredit, Json.CreditChange);
    public static readonly AdminCommand<ChangeCredit, CreditChange> Purchase = new("credits purchase", Json.ChangeCredit, Json.CreditChange);
    public static readonly AdminCommand<ChangeCredit, CreditChange> Adjust = new("credits adjust", Json.ChangeCredit, Json.CreditChange);
    public static readonly AdminCommand<StatementQuery, Statement> ShowStatement = new("credits statement", Json.StatementQuery, Json.Statement);
    public static readonly AdminCommand<CreditsRef, HoldsShown> Holds = new("credits holds", Json.CreditsRef, Json.HoldsShown);
    public static readonly AdminCommand<CreatePromo, PromoShown> CreatePromo = new("credits promo create", Json.CreatePromo, Json.PromoShown);
    public static readonly AdminCommand<RedeemPromo, CreditChange> RedeemPromo = new("credits promo redeem", Json.RedeemPromo, Json.CreditChange);
    public static readonly AdminCommand<SetSpendingLimit, CreditsShown> Limit = new("credits limit", Json.SetSpendingLimit, Json.CreditsShown);
    public static readonly AdminCommand<SetPostpaid, CreditsShown> Postpaid = new("credits postpaid", Json.SetPostpaid, Json.CreditsShown);
    public static readonly AdminCommand<CheckRequest, CheckReport> Check = new("admin check", Json.CheckRequest, Json.CheckReport);

    private CreditCommands Credits => services.GetRequiredService<CreditCommands>();

    public void AddTo(AdminCommands commands)
    {
        commands.AddAsync(Show, (actor, request) => new(Credits.ShowAsync(actor, request.Team, default)));
        commands.AddAsync(Grant, (actor, request) => new(Credits.GrantAsync(actor, request.Team, request.AmountTicks, request.Expires, request.Reason, default)));
        commands.AddAsync(Purchase, (actor, request) => new(Credits.PurchaseAsync(actor, request.Team, request.AmountTicks, request.Reason, default)));
        commands.AddAsync(Adjust, (actor, request) => new(Credits.AdjustAsync(actor, request.Team, request.AmountTicks, request.Reason, default)));
        commands.AddAsync(ShowStatement, (actor, request) => new(Credits.StatementAsync(
            actor, request.Team, new StatementRange(request.From, request.To, request.After, request.Limit), request.Ledger, default)));
        commands.AddAsync(Holds, (actor, request) => new(Credits.HoldsAsync(actor, request.Team, default)));
        commands.AddAsync(CreatePromo, (actor, request) => new(Credits.CreatePromoAsync(
            actor, request.Code, request.AmountTicks, request.Most, request.Until, request.LastsSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null)));
        commands.AddAsync(RedeemPromo, (actor, request) => new(Credits.RedeemPromoAsync(actor, request.Team, request.Code, default)));
        commands.AddAsync(Limit, (actor, request) => new(Credits.SetSpendingLimitAsync(actor, request.Team, request.Gateway, new SpendingLimit(request.SoftTicks, request.HardTicks), default)));
        commands.AddAsync(Postpaid, (actor, request) => new(Credits.SetPostpaidAsync(actor, request.Team, request.Ticks, default)));
        commands.AddAsync(Check, (actor, _) => new(Credits.CheckAsync(actor, default)));
    }
}
