using System.Text.Json.Nodes;

namespace Milliways.Crash;

/// <summary>What the books of one data directory have said so far, against what callers and the upstream saw.</summary>
internal sealed class CrashBooks(CrashUpstream upstream)
{
    /// <summary>Ticks a token.</summary>
    private const long Input = 50_000, Output = 150_000;

    private readonly Dictionary<string, long> _charges = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _byTag = new(StringComparer.Ordinal);
    private readonly HashSet<string> _grants = new(StringComparer.Ordinal);
    private long _last, _balance;

    public int Charges => _charges.Count;

    /// <summary>Reads what is new since the last round and holds it against what was seen in it.</summary>
    /// <exception cref="CrashException">Something does not fit.</exception>
    public async Task CheckAsync(CrashServer server, IReadOnlyCollection<Seen> seen, IReadOnlyCollection<string> granted)
    {
        await CheckHoldsAsync(server);
        await ReadAsync(server);
        foreach (var one in seen)
            Check(one);
        foreach (var reason in granted)
            Expect(_grants.Contains(reason), $"the credit {reason} was acknowledged and is gone");
        var report = await server.AskAsync("admin check", []);
        Expect(report["ok"]!.GetValue<bool>(), $"admin check: {report["problems"]!.ToJsonString()}");
    }

    private static async Task CheckHoldsAsync(CrashServer server)
    {
        var shown = await server.AskAsync("credits show", new JsonObject { ["team"] = null });
        Expect(shown["held_ticks"]!.GetValue<long>() == 0, $"{shown["held_ticks"]} ticks are held after a start");
        var holds = await server.AskAsync("credits holds", new JsonObject { ["team"] = null });
        Expect(holds["holds"]!.AsArray().Count == 0, $"holds are left after a start: {holds.ToJsonString()}");
    }

    private async Task ReadAsync(CrashServer server)
    {
        while (true)
        {
            var page = await server.AskAsync("credits statement", new JsonObject { ["team"] = null, ["from"] = null, ["to"] = null, ["after"] = _last, ["limit"] = 1000, ["ledger"] = true });
            var entries = page["entries"]!.AsArray();
            Expect(page["postings"]!.AsArray().Sum(posting => posting!["amount_ticks"]!.GetValue<long>()) == 0, "the postings do not sum up to zero");
            foreach (var entry in entries)
                Take(entry!);
            Expect(page["closing_ticks"]!.GetValue<long>() == _balance, $"the closing balance is {page["closing_ticks"]}, and what it follows from is {_balance}");
            if (entries.Count < 1000)
                return;
        }
    }

    private void Take(JsonNode entry)
    {
        var (seq, amount, kind) = (entry["seq"]!.GetValue<long>(), entry["amount_ticks"]!.GetValue<long>(), entry["kind"]!.GetValue<string>());
        Expect(seq == _last + 1, $"entry {_last + 1} is missing: {seq} follows {_last}");
        (_last, _balance) = (seq, _balance + amount);
        Expect(entry["balance_ticks"]!.GetValue<long>() == _balance, $"entry {seq} does not follow from the one before");
        if (kind == "charge")
        {
            var (id, tag) = (entry["request_id"]!.GetValue<string>(), entry["tags"]!.GetValue<string>());
            Expect(_charges.TryAdd(id, -amount), $"the request {id} was charged twice");
            Expect(_byTag.TryAdd(tag, id), $"{tag} was charged twice");
            Expect(upstream.WasAsked(tag), $"{tag} was charged, and its upstream was never asked");
        }
        else
            Expect(_grants.Add(entry["reason"]!.GetValue<string>()), $"the credit {entry["reason"]} was given twice");
    }

    /// <summary>A completed answer has one charge of what it told and what it costs, a failed one has none, and a torn one has one at most.</summary>
    private void Check(Seen seen)
    {
        var charged = _byTag.TryGetValue(seen.Tag, out var id) ? _charges[id] : (long?)null;
        var cost = (CrashUpstream.Prompt * Input) + (CrashUpstream.Tokens(seen.Tag) * Output);
        if (seen is { Status: 200, IsComplete: true })
        {
            Expect(charged is not null, $"{seen.Tag} was answered and not charged");
            Expect(charged == cost, $"{seen.Tag} costs {cost} and was charged {charged}");
            Expect(seen.Told is null || seen.Told == charged, $"{seen.Tag} was told {seen.Told} and charged {charged}");
            Expect(seen.Id == id, $"{seen.Tag} has the request id {seen.Id}, and its charge {id}");
        }
        else if (seen is { Status: not (0 or 200), IsComplete: true })
            Expect(charged is null, $"{seen.Tag} failed with {seen.Status} and was charged {charged}");
        else
            Expect(charged is null || charged <= cost + (100 * Input), $"{seen.Tag} was torn and charged {charged}");
    }

    private static void Expect(bool holds, string otherwise)
    {
        if (!holds)
            throw new CrashException(otherwise);
    }
}
