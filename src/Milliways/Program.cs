using Milliways.Hosting;

// The table of contents of a run: first what the runtime reads once, the collector's settings and the sockets' switch, then whatever the command line says.
CollectorSettings.Apply(args);
KestrelSetup.PrepareSockets();
return await CommandLine.RunAsync(args);
