using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace Milliways.Engine.Native;

/// <summary>
/// A model's tokens: text to ids, ids to bytes. The bytes of all tokens are read once at load, so that the decode loop
/// asks the library for none. Safe on any thread.
/// </summary>
internal sealed unsafe class Vocabulary
{
    // llama.h: attributes of a token; those two kinds are recognised in text only where special tokens are parsed.
    private const int AttributeUnknown = 1;
    private const int AttributeControl = 1 << 3;

    private readonly ModelHandle _model;
    private readonly nint _vocabulary;
    private readonly byte[] _bytes;
    private readonly int[] _ends;
    private readonly bool[] _endsGeneration;

    internal Vocabulary(ModelHandle model)
    {
        _model = model;
        _vocabulary = LlamaNative.llama_model_get_vocab(model);
        Count = LlamaNative.llama_vocab_n_tokens(_vocabulary);
        var addBos = LlamaNative.llama_vocab_get_add_bos(_vocabulary);
        Bos = addBos ? LlamaNative.llama_vocab_bos(_vocabulary) : -1;
        _ends = new int[Count];
        _endsGeneration = new bool[Count];

        var bytes = new ArrayBufferWriter<byte>(Count * 8);
        var special = new List<SpecialToken>();
        for (var token = 0; token < Count; token++)
        {
            WritePiece(token, bytes);
            _ends[token] = bytes.WrittenCount;
            _endsGeneration[token] = LlamaNative.llama_vocab_is_eog(_vocabulary, token);
            if ((LlamaNative.llama_vocab_get_attr(_vocabulary, token) & (AttributeUnknown | AttributeControl)) != 0
                && Marshal.PtrToStringUTF8((nint)LlamaNative.llama_vocab_get_text(_vocabulary, token)) is { Length: > 0 } text)
            {
                special.Add(new SpecialToken(token, text));
            }
        }
        _bytes = bytes.WrittenSpan.ToArray();
        // The longest first: that is the order in which llama.cpp looks for them.
        special.Sort(static (a, b) => b.Text.Length - a.Text.Length);
        SpecialTokens = special;
    }

    /// <summary>How many tokens there are; ids run from 0 to this, excluded.</summary>
    internal int Count { get; }

    /// <summary>The token every prompt begins with, or -1 where the model wants none.</summary>
    internal int Bos { get; }

    /// <summary>Tokens that stand for turns and ends rather than for text, the longest text first.</summary>
    internal IReadOnlyList<SpecialToken> SpecialTokens { get; }

    internal bool Contains(int token) => (uint)token < (uint)Count;

    /// <summary>Whether the model ends its answer with this token.</summary>
    internal bool EndsGeneration(int token) => _endsGeneration[token];

    /// <summary>A token's bytes, which may be part of a UTF-8 sequence; none for a special token.</summary>
    internal ReadOnlySpan<byte> Bytes(int token)
    {
        var start = token == 0 ? 0 : _ends[token - 1];
        return _bytes.AsSpan(start, _ends[token] - start);
    }

    /// <summary>Text to ids. Special tokens' text is taken literally, so no text can forge one.</summary>
    /// <param name="text">Any text; lone surrogates become U+FFFD.</param>
    /// <param name="whole">Whether the model's own opening and closing tokens are put around it.</param>
    internal int[] Tokenize(ReadOnlySpan<char> text, bool whole)
    {
        var size = Encoding.UTF8.GetByteCount(text);
        var utf8 = ArrayPool<byte>.Shared.Rent(size + 1);
        // A token is at least a byte, but for the opening and closing ones and a leading space.
        var tokens = ArrayPool<int>.Shared.Rent(size + 8);
        try
        {
            Encoding.UTF8.GetBytes(text, utf8);
            int count;
            fixed (byte* start = utf8)
            fixed (int* target = tokens)
                count = LlamaNative.llama_tokenize(_vocabulary, start, size, target, tokens.Length, whole, parseSpecial: false);
            GC.KeepAlive(_model);
            return count >= 0 ? tokens.AsSpan(0, count).ToArray() : throw new EngineException($"llama.cpp could not tokenize a text of {size} bytes");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(utf8);
            ArrayPool<int>.Shared.Return(tokens);
        }
    }

    private void WritePiece(int token, ArrayBufferWriter<byte> target)
    {
        for (var capacity = 64; ;)
        {
            int written;
            fixed (byte* start = target.GetSpan(capacity))
                written = LlamaNative.llama_token_to_piece(_vocabulary, token, start, capacity, leftStrip: 0, special: false);
            if (written >= 0)
            {
                target.Advance(written);
                return;
            }
            capacity = -written;
        }
    }

    internal readonly record struct SpecialToken(int Id, string Text);
}
