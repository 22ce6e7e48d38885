using System.Globalization;
using System.Text;
using MimeKit;

namespace Milliways.Alerts;

/// <summary>An alert as a mail: plain text, with the sentence first and the numbers below it.</summary>
internal static class AlertMail
{
    public static MimeMessage Of(Alert alert, string from, string to)
    {
        var sender = MailboxAddress.Parse(from);
        var message = new MimeMessage { Subject = Subject(alert), MessageId = $"{alert.Id}@{sender.Domain}", Date = DateTimeOffset.Parse(alert.Created, CultureInfo.InvariantCulture) };
        message.From.Add(sender);
        message.To.Add(MailboxAddress.Parse(to));
        message.Headers.Add("Auto-Submitted", "auto-generated"); // RFC 3834: nobody's absence answers it
        message.Body = new TextPart("plain") { Text = Text(alert) };
        return message;
    }

    private static string Subject(Alert alert) => $"[Milliways] {Title(alert.Type)}{(alert.Data.TeamName is { } team ? $": {team}" : "")}";

    private static string Title(string type) => type switch
    {
        AlertTypes.SoftLimit => "Soft spending limit passed",
        AlertTypes.HardLimit => "Spending limit reached",
        AlertTypes.BudgetThreshold => "Key budget nearly used",
        AlertTypes.BudgetExhausted => "Key budget used up",
        AlertTypes.CreditLow => "Credit low",
        AlertTypes.CreditExhausted => "Credit used up",
        AlertTypes.CreditExpiring => "Credit ends soon",
        AlertTypes.Overrun => "Answers cost more than was held",
        AlertTypes.Unpriced => "Model without a price",
        _ => "Test",
    };

    private static string Text(Alert alert)
    {
        var text = new StringBuilder(alert.Data.Message).Append("\n\n");
        foreach (var (name, value) in new (string, string?)[] { ("Event", alert.Type), ("Team", alert.Team), ("Gateway", alert.Data.Gateway), ("Key", alert.Data.KeyId), ("Time", alert.Created), ("Id", alert.Id) })
            if (value is not null)
                text.Append(name).Append(": ").Append(value).Append('\n');
        return text.ToString();
    }
}
