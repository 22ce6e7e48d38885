using Milliways.Api;

namespace Milliways.Management;

/// <summary>The paths of xAI's management API, below /management instead of on a host of their own (xai-api 2).</summary>
internal sealed class ManagementRoutes(ManagementFront front, ApiKeyPaths keys, TeamPaths teams, BillingPaths billing, PrepaidPaths prepaid, InvoicePaths invoices, UsagePaths usage)
{
    private const string Billing = "/management/v1/billing/teams/{team_id}";

    public IEnumerable<ApiRoute> All() =>
    [
        front.Route("POST", "/management/auth/teams/{teamId}/api-keys", "Makes an API key; its text is in this answer only", keys.Create),
        front.Route("GET", "/management/auth/teams/{teamId}/api-keys", "The team's API keys, page by page", keys.List),
        front.Route("PUT", "/management/auth/api-keys/{apiKeyId}", "Changes what fieldMask names", keys.Update),
        front.Route("DELETE", "/management/auth/api-keys/{apiKeyId}", "Deletes an API key: it is refused at once", keys.Delete),
        front.Route("POST", "/management/auth/api-keys/{apiKeyId}/rotate", "Gives a key another text; the old one works for a while", keys.Rotate),
        front.Route("GET", "/management/auth/api-keys/{apiKeyId}/propagation", "Where a key's changes are in effect", keys.Propagation),
        front.Route("GET", "/management/auth/teams/{teamId}/models", "The models that the team can use", teams.Models),
        front.Route("GET", "/management/auth/teams/{teamId}/endpoints", "The ACLs that keys can have", teams.Endpoints),
        front.Route("GET", "/management/auth/management-keys/validation", "Facts about the calling management key", TeamPaths.Validate),
        front.Route("GET", "/management/audit/teams/{teamId}/events", "Who changed what, the newest first", teams.Audit),
        front.Route("GET", Billing + "/billing-info", "Who the team is on its invoices", billing.Info),
        front.Route("POST", Billing + "/billing-info", "Changes that", billing.SetInfo),
        front.Route("GET", Billing + "/payment-method", "Always empty: payment methods are not kept here", billing.PaymentMethods),
        front.Route("POST", Billing + "/payment-method/default", "Always refused, for the same reason", billing.SetPaymentMethod),
        front.Route("GET", Billing + "/postpaid/spending-limits", "What the team may owe and what it bounds itself to", billing.LimitsAsync),
        front.Route("POST", Billing + "/postpaid/spending-limits", "Bounds what the team spends in a month", billing.SetLimitAsync),
        front.Route("GET", Billing + "/prepaid/balance", "The team's credit, what came and went, in cents with xAI's signs", prepaid.BalanceAsync),
        front.Route("POST", Billing + "/prepaid/top-up", "Adds credit, where credits.topUp allows it", prepaid.TopUpAsync),
        front.Route("GET", Billing + "/invoices", "Monthly invoices", invoices.ListAsync),
        front.Route("GET", Billing + "/postpaid/invoice/preview", "What the next invoice would say now", invoices.PreviewAsync),
        front.Route("POST", Billing + "/usage", "What was used, by time, key and model", usage.AnalyzeAsync),
    ];
}
