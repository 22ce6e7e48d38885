namespace Milliways.Hosting.Configuration;

/// <summary>The section <c>billing</c>: what invoices say, and whether they are made by themselves.</summary>
internal sealed record BillingConfig
{
    /// <summary>True: each month's invoices are made when it is over; false: by <c>invoices make</c> only.</summary>
    public bool Invoices { get; init; }

    /// <summary>What stands before the number: <c>MW-</c> makes <c>MW-000001</c>.</summary>
    public string Series { get; init; } = "";

    /// <summary>Where months begin; null: as for the monthly grant.</summary>
    public TimeZoneInfo? TimeZone { get; init; }

    public PartyConfig Seller { get; init; } = new();

    /// <summary>Each is counted of the net amount.</summary>
    public IReadOnlyList<TaxConfig> Taxes { get; init; } = [];
}

/// <summary>Who sends invoices; what is empty is not printed.</summary>
internal sealed record PartyConfig
{
    public string Name { get; init; } = "";

    public IReadOnlyList<string> Address { get; init; } = [];

    public string TaxNumber { get; init; } = "";

    public string Email { get; init; } = "";
}

/// <param name="Name">As it is printed: VAT, GST.</param>
/// <param name="Percent">From 0 to 100, with at most four decimals.</param>
internal sealed record TaxConfig(string Name, decimal Percent);
