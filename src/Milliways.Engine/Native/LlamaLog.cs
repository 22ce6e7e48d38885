using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Milliways.Engine.Native;

/// <summary>Where llama.cpp's own lines go: to the host's log, and, while a load collects them, into the text of its failure.</summary>
internal static unsafe class LlamaLog
{
    private const int Continuation = 5;

    [ThreadStatic] private static ErrorLines? _collecting;
    [ThreadStatic] private static LlamaLogLevel _last;

    internal static ILlamaLog? Sink { get; set; }

    internal static void Install() => LlamaNative.llama_log_set(&Write, null);

    /// <summary>Collects this thread's error lines until disposed: llama.cpp reports the reason of a failed load nowhere else.</summary>
    internal static ErrorLines CollectErrors() => _collecting = new ErrorLines();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Write(int level, byte* text, void* state)
    {
        // An exception that crosses into C ends the process, so a failing log is a silent one.
        try
        {
            var line = Marshal.PtrToStringUTF8((nint)text)?.TrimEnd('\n');
            if (string.IsNullOrWhiteSpace(line))
                return;
            if (level != Continuation)
                _last = (LlamaLogLevel)level;
            if (_last == LlamaLogLevel.Error)
                _collecting?.Add(line);
            Sink?.Write(_last, line);
        }
#pragma warning disable CA1031 // Whatever is thrown here, C must not see it.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    internal sealed class ErrorLines : IDisposable
    {
        private readonly StringBuilder _text = new();

        internal void Add(string line)
        {
            if (_text.Length < 2000)
                _text.Append(_text.Length == 0 ? "" : "; ").Append(line);
        }

        internal string TextOr(string fallback) => _text.Length > 0 ? _text.ToString() : fallback;

        public void Dispose() => _collecting = null;
    }
}
