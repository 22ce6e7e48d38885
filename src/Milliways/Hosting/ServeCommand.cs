using System.CommandLine;

namespace Milliways.Hosting;

/// <summary><c>milliways serve</c>.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var (data, database, config) = (CommonOptions.Data(), CommonOptions.Database(), CommonOptions.Config());
        var urls = new Option<string>("--urls") { Description = "Where to listen; port 0 takes a free one", HelpName = "URLS", DefaultValueFactory = _ => ServeOptions.DefaultUrls };
        var grpcUrls = new Option<string>("--grpc-urls") { Description = "Where gRPC listens, in cleartext HTTP/2; none: it has no port of its own", HelpName = "URLS", DefaultValueFactory = _ => ServeOptions.DefaultGrpcUrls };
        var noEngine = new Option<bool>("--no-engine") { Description = "Do not start the embedded engine" };
        var governance = new Option<string>("--governance") { Description = "on or off; off: keys are checked, but there are no limits, credits, usage rows or log entries", DefaultValueFactory = _ => "on" };
        governance.AcceptOnlyFromAmong("on", "off");
        var readyFile = new Option<string?>("--ready-file") { Description = "Write addresses, team and first key here as JSON once listening (mode 0600)", HelpName = "FILE" };
        var quiet = new Option<bool>("--quiet") { Description = "Print no start-up text" };
        var command = new Command("serve", "Serve the API, the gateway and the embedded models.\n\nExamples:\n  milliways serve\n  milliways serve --urls http://127.0.0.1:8080 --data ./data\n  XAI_API_KEY=xai-... milliways serve")
        {
            data, database, config, urls, grpcUrls, noEngine, governance, readyFile, quiet,
        };
        command.SetAction((parsed, cancel) => ServeHost.RunAsync(new ServeOptions
        {
            DataDirectory = CommonOptions.DataDirectory(parsed.GetValue(data)),
            Database = CommonOptions.DatabaseText(parsed.GetValue(database)),
            ConfigFile = CommonOptions.ConfigFile(parsed.GetValue(config)),
            Urls = parsed.GetValue(urls)!,
            GrpcUrls = parsed.GetValue(grpcUrls),
            NoEngine = parsed.GetValue(noEngine),
            Governance = parsed.GetValue(governance) == "on",
            ReadyFile = parsed.GetValue(readyFile),
            Quiet = parsed.GetValue(quiet),
        }));
        return command;
    }
}
