using Milliways.Hosting.Configuration;

namespace Milliways.Alerts;

/// <summary>Takes one alert to one target.</summary>
internal sealed class AlertCourier(WebhookClient webhooks, MailClient mail, ConfigState config)
{
    /// <summary>One try.</summary>
    public Task<DeliveryResult> DeliverAsync(string target, string body, CancellationToken cancel)
    {
        var (alerts, alert) = (config.InEffect.Alerts, Alert.Parse(body));
        if (AlertTargets.Address(target) is { } address)
            return alerts?.Smtp is { } smtp ? mail.SendAsync(smtp, address, alert, cancel) : Unknown("alerts.smtp");
        return alerts is not null && AlertTargets.Webhook(alerts, target) is { } webhook ? webhooks.SendAsync(webhook, alert.Id, body, cancel) : Unknown("alerts.webhooks");
    }

    /// <summary>It may come back before the tries are over.</summary>
    private static Task<DeliveryResult> Unknown(string where) => Task.FromResult(DeliveryResult.Failed($"It does not stand in the configuration ({where}) any more"));
}
