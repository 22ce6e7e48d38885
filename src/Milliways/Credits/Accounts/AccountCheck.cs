using Milliways.Credits.Books;

namespace Milliways.Credits.Accounts;

/// <summary>Whether an account in memory can be as it is.</summary>
internal static class AccountCheck
{
    public static List<string> Problems(Account account)
    {
        var problems = new List<string>();
        lock (account.Gate)
        {
            var held = account.Holds.SelectMany(hold => hold.Allocations).Where(allocation => allocation.Lot is not null)
                .GroupBy(allocation => allocation.Lot!).ToDictionary(lot => lot.Key, lot => lot.Sum(allocation => allocation.Ticks));
            foreach (var lot in account.Lots)
                if (lot.Left < lot.Held || lot.Held < 0 || lot.Held != held.GetValueOrDefault(lot))
                    problems.Add($"{BookRow.AccountOf(account.Team)}: grant {lot.Id:N} has {lot.Left} ticks and holds {lot.Held}, open holds say {held.GetValueOrDefault(lot)}");
            if (account.Owed < 0)
                problems.Add($"{BookRow.AccountOf(account.Team)}: owes {account.Owed} ticks");
        }
        return problems;
    }
}
