using System.Runtime.CompilerServices;
using Milliways.Hosting;

namespace Milliways.Tests.Support;

internal static class Sockets
{
    /// <summary>As Program does before its first socket: what is tested is what runs.</summary>
    [ModuleInitializer]
    internal static void Prepare() => KestrelSetup.PrepareSockets();
}
