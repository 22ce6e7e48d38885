using System.Runtime.InteropServices;
using Milliways.Engine;
using Milliways.Hosting;

namespace Milliways.Engines.Child;

/// <summary>
/// The engine's process: loads the models, then listens. Native code can end it at any time; nothing here holds anybody's money.
/// </summary>
internal static class EngineHost
{
    /// <summary>Kept for the process's life: a registration that is collected no longer holds.</summary>
    private static readonly List<PosixSignalRegistration> Ignored = [];

    public static async Task<int> RunAsync(EngineHostOptions options)
    {
        if (options.Supervised)
        {
            LeaveSignalsToTheParent();
            _ = EndWithInputAsync();
            BeFirstForTheOomKiller();
        }
        try
        {
            var library = EngineLibrary.Load();
            await using var models = await EngineModels.LoadAsync(options, library);
            await using var app = Build(options, models);
            await app.StartAsync();
            await Console.Out.WriteLineAsync("ready");
            await app.WaitForShutdownAsync();
            return ExitCode.Done;
        }
        catch (EngineException unusable)
        {
            // The exit code tells the supervisor that another try would end the same way.
            throw new UserErrorException(unusable.Message, ExitCode.Usage, unusable);
        }
    }

    private static WebApplication Build(EngineHostOptions options, EngineModels models)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        KestrelSetup.Configure(builder);
        if (options.Supervised)
            builder.Services.AddSingleton<IHostLifetime, ParentLifetime>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            if (options.Socket is not null)
                kestrel.ListenUnixSocket(options.Socket);
        });
        if (options.Urls is not null)
            builder.WebHost.UseUrls(options.Urls);
        var app = builder.Build();
        app.Run(new EngineEndpoints(models, TimeProvider.System).HandleAsync);
        return app;
    }

    /// <summary>
    /// A signal to the terminal's or the service's whole group reaches this process too; running answers need it until the parent has let them finish.
    /// </summary>
    private static void LeaveSignalsToTheParent()
    {
        foreach (var kind in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT])
            Ignored.Add(PosixSignalRegistration.Create(kind, static signal => signal.Cancel = true));
    }

    /// <summary>The parent holds the other end of standard input and never writes: its end means that the parent is gone, however it went.</summary>
    private static async Task EndWithInputAsync()
    {
        await using var input = Console.OpenStandardInput();
        var nothing = new byte[1];
        while (await input.ReadAsync(nothing) > 0) { }
        Environment.Exit(ExitCode.Done);
    }

    /// <summary>The usual lifetime stops the host at Ctrl-C; this one's end is the end of its input.</summary>
    private sealed class ParentLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>When memory runs out, the process that can be started again goes first.</summary>
    private static void BeFirstForTheOomKiller()
    {
        try
        {
            if (OperatingSystem.IsLinux())
                File.WriteAllText("/proc/self/oom_score_adj", "1000");
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            // A sandbox that forbids it decides about memory itself.
        }
    }
}
