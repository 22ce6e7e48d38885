using Milliways.EndToEnd.Support;

[assembly: AssemblyFixture(typeof(SharedServer))]

namespace Milliways.EndToEnd.Support;

/// <summary>One server with the embedded engine for all tests that only ask.</summary>
public sealed class SharedServer : IAsyncLifetime
{
    private MilliwaysProcess? _server;

    internal MilliwaysProcess Server => _server ?? throw new InvalidOperationException("The server has not been started.");

    internal Api Api => Server.Api;

    public async ValueTask InitializeAsync()
    {
        _server = await MilliwaysProcess.StartAsync();
        await _server.EngineReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }
}
