using Milliways.Hosting;

// The table of contents of a run: sockets first, because the runtime reads that switch once, then whatever the command line says.
KestrelSetup.PrepareSockets();
return await CommandLine.RunAsync(args);
