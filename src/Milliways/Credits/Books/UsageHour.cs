using Milliways.Storage;

namespace Milliways.Credits.Books;

/// <summary>Whose usage in which hour (UTC) is summed.</summary>
internal readonly record struct UsageHour(long Hour, Guid Team, Guid Key, string Model, string Gateway)
{
    private const long Milliseconds = 3_600_000;

    /// <param name="booked">The time of its entry, in Unix milliseconds.</param>
    public static UsageHour Of(Guid team, Charge charge, long booked) =>
        new(booked / Milliseconds * Milliseconds, team, charge.Payer.Key, charge.Model, charge.Payer.Gateway ?? "");
}

/// <summary>Sums of one row of <c>usage_hours</c>; budgets and reports read them instead of all entries.</summary>
internal readonly record struct UsageSum(
    long Answers, long Input, long Cached, long Output, long Reasoning, long Images, long Charged, long Overrun, long Discarded)
{
    public UsageSum Plus(Posting posting, Charge charge) => checked(new(
        Answers + 1, Input + charge.Usage.TotalInput, Cached + charge.Usage.CacheRead, Output + charge.Usage.Output, Reasoning + charge.Usage.Reasoning, Images + charge.Images,
        Charged + posting.Ticks, Overrun + posting.Overrun, Discarded + charge.Discarded.Sum(discarded => Math.Max(0, discarded.Ticks))));

    public void Save(DatabaseSession session, in UsageHour hour) => session.Execute(
        """
        INSERT INTO usage_hours (hour, team, key_id, model, gateway, answers, input, cached, output, reasoning, images, charged, overrun, discarded)
        VALUES ($hour, $team, $key, $model, $gateway, $answers, $input, $cached, $output, $reasoning, $images, $charged, $overrun, $discarded)
        ON CONFLICT (team, hour, key_id, model, gateway) DO UPDATE SET
          answers = usage_hours.answers + excluded.answers, input = usage_hours.input + excluded.input, cached = usage_hours.cached + excluded.cached,
          output = usage_hours.output + excluded.output, reasoning = usage_hours.reasoning + excluded.reasoning, images = usage_hours.images + excluded.images,
          charged = usage_hours.charged + excluded.charged, overrun = usage_hours.overrun + excluded.overrun, discarded = usage_hours.discarded + excluded.discarded
        """,
        ("$hour", hour.Hour), ("$team", hour.Team.ToString("N")), ("$key", hour.Key.ToString("D")), ("$model", hour.Model), ("$gateway", hour.Gateway), ("$answers", Answers),
        ("$input", Input), ("$cached", Cached), ("$output", Output), ("$reasoning", Reasoning), ("$images", Images), ("$charged", Charged), ("$overrun", Overrun),
        ("$discarded", Discarded));
}
