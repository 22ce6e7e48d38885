namespace Milliways.Hosting.Configuration;

/// <summary>The section <c>alerts</c>: what is told, and to whom.</summary>
internal sealed record AlertsConfig
{
    public IReadOnlyList<WebhookConfig> Webhooks { get; init; } = [];

    /// <summary>Null: no mail.</summary>
    public SmtpConfig? Smtp { get; init; }

    /// <summary>Credit is low below so many percent of the grant or purchase that came in last; 0: percentages do not count.</summary>
    public int CreditPercent { get; init; } = 10;

    /// <summary>Credit is low below so many ticks too; null: amounts do not count.</summary>
    public long? CreditBelow { get; init; }

    /// <summary>Percentages of a key's monthly budget that are told.</summary>
    public IReadOnlyList<int> BudgetPercents { get; init; } = [80, 100];

    /// <summary>How long before its end credit that is not used is told; null: never.</summary>
    public TimeSpan? Expiring { get; init; }
}

/// <summary>An address that gets alerts as JSON.</summary>
internal sealed record WebhookConfig(string Url)
{
    /// <summary>The key of its signatures; empty when it is switched off.</summary>
    public byte[] Secret { get; init; } = [];

    /// <summary>The types it wants; empty: all.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    /// <summary>Why nothing can be sent to it, or null.</summary>
    public string? OffBecause { get; init; }
}

/// <summary>How a connection to a mail server is encrypted: after <c>STARTTLS</c>, from its beginning, or not.</summary>
internal enum SmtpTls { StartTls, Implicit, None }

/// <summary>A mail server and who gets mail.</summary>
internal sealed record SmtpConfig(string Host, int Port, SmtpTls Tls)
{
    /// <summary>Null: it asks for none.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    public string From { get; init; } = "";

    public IReadOnlyList<string> To { get; init; } = [];

    /// <summary>Owners and admins of a team get what concerns it.</summary>
    public bool ToMembers { get; init; }

    /// <summary>The types that are mailed; empty: all.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    /// <summary>PEM certificates of the authorities that the server's certificate may come from, instead of the machine's.</summary>
    public string? CaFile { get; init; }

    /// <summary>Why no mail can be sent, or null.</summary>
    public string? OffBecause { get; init; }
}
