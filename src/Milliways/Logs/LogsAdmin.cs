using Milliways.Hosting.Admin;

namespace Milliways.Logs;

/// <summary>The log in the registry of commands. The store is opened when the first of them needs it.</summary>
internal sealed class LogsAdmin(IServiceProvider services) : IAdminCommandSet
{
    public static readonly AdminCommand<LogsOf, LogPage> ListAll = new("logs list", LogsJson.Default.LogsOf, LogsJson.Default.LogPage);
    public static readonly AdminCommand<LogsOf, LogNews> Follow = new("logs follow", LogsJson.Default.LogsOf, LogsJson.Default.LogNews);
    public static readonly AdminCommand<LogRef, LogDetail> Show = new("logs show", LogsJson.Default.LogRef, LogsJson.Default.LogDetail);

    private LogCommands Logs => services.GetRequiredService<LogCommands>();

    public void AddTo(AdminCommands commands)
    {
        commands.AddAsync(ListAll, async (actor, request) => await Logs.ListAsync(actor, request));
        commands.AddAsync(Follow, async (actor, request) => await Logs.FollowAsync(actor, request));
        commands.AddAsync(Show, async (actor, request) => await Logs.ShowAsync(actor, request));
    }
}
