using System.Diagnostics;

namespace Milliways.EndToEnd.Support;

/// <summary>A program that runs beside the test until it is disposed; a test can wait for a line of its output.</summary>
internal sealed class LineProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Output _output = new();
    private bool _disposed;

    private LineProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => _output.Add(line.Data);
        process.ErrorDataReceived += (_, line) => _output.Add(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public bool HasExited => _process.HasExited;

    public static LineProcess Start(string program, IEnumerable<string> arguments) => new(new Process { StartInfo = Program.StartInfo(program, arguments) });

    public async Task WriteLineAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Completes with a line that holds the text; the test fails when the program ends without one.</summary>
    public async Task LineAsync(string wanted)
    {
        var line = _output.LineAsync(wanted);
        await Task.WhenAny(line, _process.WaitForExitAsync()).WaitAsync(Patience.Long);
        Assert.True(line.IsCompleted, $"The program ended without \"{wanted}\": {_output.Text}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync().WaitAsync(Patience.Short);
        }
        _process.Dispose();
    }
}
