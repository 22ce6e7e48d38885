using Milliways.Hosting;

// The table of contents of a run: first what the runtime reads once, settings of memory and the sockets' switch, then whatever the command line says.
RuntimeSettings.Apply(args);
KestrelSetup.PrepareSockets();
return await CommandLine.RunAsync(args);
