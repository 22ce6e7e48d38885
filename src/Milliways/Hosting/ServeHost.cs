using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging.Console;
using Milliways.Alerts;
using Milliways.Api;
using Milliways.Api.Grpc;
using Milliways.Catalogue;
using Milliways.Credits;
using Milliways.Engines;
using Milliways.Api.PassThrough;
using Milliways.Api.Responses;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;
using Milliways.Exchanges.Attempts;
using Milliways.Gateway;
using Milliways.Gateway.Settings;
using Milliways.Hosting.Admin;
using Milliways.Hosting.Configuration;
using Milliways.Keys;
using Milliways.Limits;
using Milliways.Logs;
using Milliways.Management;
using Milliways.Routing;
using Milliways.Routing.Health;
using Milliways.Routing.Order;
using Milliways.Secrets;
using Milliways.Storage;
using Milliways.Stored;
using Milliways.Teams;
using Milliways.Upstreams;

namespace Milliways.Hosting;

/// <summary>
/// Puts a server together and runs it until it is told to stop. Everything is made by hand, in the order in which it depends on each other: what runs
/// can be read here.
/// </summary>
internal static class ServeHost
{
    /// <summary>How long running answers may go on after Ctrl-C; then, or at a second Ctrl-C, they end with their dialect's error.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(10);

    public static async Task<int> RunAsync(ServeOptions options)
    {
        await using var server = Build(options);
        await server.StartAsync();
        await server.WaitForShutdownAsync();
        return ExitCode.Done;
    }

    /// <exception cref="UserErrorException">Something the operator can put right.</exception>
    /// <param name="options">What the command line said.</param>
    /// <param name="clock">Null: the system's.</param>
    /// <param name="environment">Reads environment variables; null: the process's.</param>
    /// <param name="more">Adds services to ours, such as a gate behind ours.</param>
    public static MilliwaysServer Build(
        ServeOptions options, TimeProvider? clock = null, Func<string, string?>? environment = null, Action<IServiceCollection>? more = null)
    {
        var time = clock ?? TimeProvider.System;
        environment ??= Environment.GetEnvironmentVariable;
        var config = LoadConfig(options, environment);
        var ports = new ListenPorts(ListenUrls.Http(options.Urls, config.Tls is not null), ListenUrls.Grpc(options.GrpcUrls, config.Tls is not null));
        var tls = ports.All.Any(port => port.IsTls) ? config.Tls!.Load() : null;
        var address = DatabaseAddress.Parse(options.Database, options.DataDirectory);
        var data = DataDirectory.Open(options.DataDirectory, Environment.ProcessId);
        try
        {
            return Compose(options, config, ports, tls, data, address, time, environment, more);
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    /// <summary>The file's configuration, with what the command line says above it.</summary>
    public static MilliwaysConfig LoadConfig(ServeOptions options, Func<string, string?> environment)
    {
        var config = ConfigFile.Load(options.ConfigFile, options.DataDirectory, environment);
        return options.NoEngine ? config with { Engine = config.Engine with { Enabled = false } } : config;
    }

    private static MilliwaysServer Compose(
        ServeOptions options, MilliwaysConfig config, ListenPorts ports, HttpsConnectionAdapterOptions? tls, DataDirectory data, DatabaseAddress where, TimeProvider time, Func<string, string?> environment,
        Action<IServiceCollection>? more)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "milliways" });
        var address = new ServerAddress();
        AddLogging(builder.Logging, address);
        KestrelSetup.Configure(builder);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            KestrelSetup.Bound(kestrel.Limits.Http2, config.Grpc);
            KestrelSetup.Listen(kestrel, ports, tls);
        });
        var services = builder.Services;
        services.Configure<HostOptions>(host => host.ShutdownTimeout = Grace + TimeSpan.FromSeconds(5));

        var database = LedgerDatabase.Open(where);
        var teams = new TeamStore(database, time);
        var (secret, (team, firstKey)) = Begin(database, () => (MasterSecret.Ensure(database, data.SecretFile, environment), FirstStart.Ensure(database, teams, time, data)));
        var stored = StoredDatabase.Open(where);
        var models = new EmbeddedModels(config.Engine, data.ModelsDirectory);
        var socket = new EngineSocket(data.RunDirectory, Environment.ProcessId);
        services.AddSingleton(time).AddSingleton(address).AddSingleton(models).AddSingleton(socket).AddSingleton(config.Engine);
        services.AddSingleton(database).AddSingleton<Epochs>().AddHostedService(provider => provider.GetRequiredService<Epochs>());
        services.AddSingleton<ChangeWatch>().AddHostedService(provider => provider.GetRequiredService<ChangeWatch>());
        services.AddSingleton(provider => new SecretBox(secret));
        CommandServices.Add(services);
        services.AddSingleton<IRefreshed>(provider => provider.GetRequiredService<KeyStore>()).AddSingleton<KeyGate>().AddSingleton<ModelAccess>();
        var adminPath = AdminSocketPath.Of(data.RunDirectory);
        services.AddHostedService(provider => new AdminSocket(provider.GetRequiredService<AdminCommands>(), adminPath, provider.GetRequiredService<ILogger<AdminSocket>>()));
        services.AddSingleton<IGate>(provider => provider.GetRequiredService<KeyGate>()).AddSingleton<IGate, AccountGate>();
        services.AddGateway(options.Governance);
        services.AddLogStore(where);
        if (options.Governance)
            services.AddLimits().AddRequestLogs();
        services.AddSingleton(stored).AddSingleton<AnswerStore>().AddSingleton<OwnedIds>().AddHostedService<StoredUpkeep>();
        services.AddSingleton<IRefreshed>(provider => provider.GetRequiredService<GatewayStore>());
        CreditServices.Add(services, database, data, options.Governance);
        AlertServices.AddServer(services);
        services.AddSingleton<EngineSupervisor>().AddHostedService(provider => provider.GetRequiredService<EngineSupervisor>());
        services.AddSingleton<OpenExchanges>().AddHostedService(provider => provider.GetRequiredService<OpenExchanges>());
        services.AddSingleton<ClosedConnections>();
        services.AddSingleton<DetachedExchanges>().AddHostedService(provider => provider.GetRequiredService<DetachedExchanges>());
        services.AddSingleton<Drain>().AddHostedService(provider => provider.GetRequiredService<Drain>());
        services.AddHostedService<KeyUseWriter>();
        services.AddSingleton(new UpstreamClients(time, environment));
        AddRouting(services, options, config, models, socket, environment);
        services.AddSingleton(Lots.FromChance()).AddSingleton<HealthBoard>().AddSingleton<AttemptOrder>();
        services.AddSingleton(new BodyBudget(BodyBudget.OfProcess)).AddSingleton<IBodyCheck, FileOwnership>().AddSingleton<IBodyCheck, ProviderReferences>().AddSingleton<PromptCheck>().AddSingleton<AttemptLoop>().AddSingleton<StepPreparation>().AddSingleton<FailureLog>().AddSingleton<ExchangeEnd>().AddSingleton<ExchangeRunner>();
        services.AddSingleton<EngineFacts>().AddSingleton<ModelFacts>().AddSingleton<ModelDirectory>().AddSingleton<ModelsEndpoints>();
        services.AddSingleton<DeferredCompletions>().AddSingleton<StoredResponses>().AddSingleton<HeldResponses>().AddSingleton<ResponseEndpoints>();
        services.AddSingleton(provider => new PassThroughFront(Flavour.Xai, provider.GetRequiredService<OwnedIds>(), provider.GetRequiredService<LiveRouting>()));
        services.AddSingleton<ApiRoutes>();
        services.AddSingleton<ManagementFront>().AddSingleton<ApiKeyPaths>().AddSingleton<TeamPaths>().AddSingleton<BillingPaths>().AddSingleton<PrepaidPaths>().AddSingleton<InvoicePaths>().AddSingleton<UsagePaths>().AddSingleton<ManagementRoutes>();
        services.AddSingleton<Registration>().AddSingleton<AccountRoutes>();
        services.AddSingleton<HealthEndpoints>().AddSingleton<StartPage>();
        services.AddSingleton(provider => RouteTable.Build(provider));
        services.AddSingleton(new HostGuard(ports.Http.TrueForAll(port => port.IsLoopback), ports.Grpc.TrueForAll(port => port.IsLoopback), config.Security.AllowedHosts));
        services.AddGrpcApi(config.Grpc);
        services.AddSingleton<Dispatcher>();

        more?.Invoke(services);
        var app = builder.Build();
        if (options.Governance)
            app.Services.GetRequiredService<LogDatabase>(); // a store that cannot be used is told at once
        app.Services.GetRequiredService<Bookkeeping>(); // what the journal has is in the books before anybody is answered
        app.Services.GetRequiredService<GrpcLibrary>().Build(app);
        app.Run(app.Services.GetRequiredService<Dispatcher>().HandleAsync);
        return new MilliwaysServer(app, options, ports, config, data, address, team, firstKey);
    }

    /// <summary>What a first start makes, by one of all servers that are starting.</summary>
    private static T Begin<T>(LedgerDatabase database, Func<T> make)
    {
        try
        {
            return database.Alone(make);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private static void AddRouting(
        IServiceCollection services, ServeOptions options, MilliwaysConfig config, EmbeddedModels models, EngineSocket socket, Func<string, string?> environment)
    {
        services.AddSingleton(new ConfigState(config)).AddSingleton(new ConfigWatch(options.ConfigFile, options.DataDirectory, config)).AddSingleton(options).AddSingleton(environment);
        services.AddSingleton<Func<MilliwaysConfig, RoutingTable>>(provider =>
        {
            var engine = config.Engine.Enabled ? RoutingSetup.Engine(provider.GetRequiredService<EngineSupervisor>(), socket) : null;
            return next => RoutingSetup.Build(next, environment, provider.GetRequiredService<UpstreamClients>(), engine, models);
        });
        services.AddSingleton(provider => new LiveRouting(provider.GetRequiredService<Func<MilliwaysConfig, RoutingTable>>()(config), table => new Router(table)));
        services.AddHostedService<ConfigReload>();
    }

    private static void AddLogging(ILoggingBuilder logging, ServerAddress address)
    {
        logging.SetMinimumLevel(LogLevel.Warning);
        logging.AddFilter("Milliways", LogLevel.Information);
        // A start that fails is told in one sentence; what the host has to say counts once the server listens.
        logging.AddFilter("Microsoft.Extensions.Hosting", level => level >= LogLevel.Warning && address.Http.Length > 0);
        // A torn answer is ours and told; everything unexpected is logged by the dispatcher, with its request's id.
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.None);
        // Its errors are those of callers that leave.
        logging.AddFilter("Grpc", LogLevel.None);
        // As long as this one may write at all, every request gets an Activity and a log scope that nobody reads.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        });
        // Results go to standard output, logs to standard error (contract, "Commands").
        logging.Services.Configure<ConsoleLoggerOptions>(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            // A stalled terminal costs log lines, never answers.
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });
    }
}
