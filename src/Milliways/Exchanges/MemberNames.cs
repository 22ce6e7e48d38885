using System.Runtime.CompilerServices;
using System.Text;

namespace Milliways.Exchanges;

/// <summary>
/// The top-level names of one body, which may stand there once. The names that requests usually have are known and cost no memory, and a body of few members needs no
/// table for them.
/// </summary>
internal ref struct MemberNames
{
    private const int Few = 16;

    /// <summary>By length: the names that the dialects' requests have.</summary>
    private static readonly (byte[] Utf8, string Text)[][] Known = ByLength(
        "model", "messages", "input", "prompt", "system", "instructions", "stream", "stream_options", "max_tokens", "max_completion_tokens", "max_output_tokens",
        "max_tokens_to_sample", "n", "temperature", "top_p", "top_k", "stop", "stop_sequences", "seed", "user", "metadata", "tools", "tool_choice",
        "parallel_tool_calls", "response_format", "reasoning", "reasoning_effort", "thinking", "frequency_penalty", "presence_penalty", "logprobs", "top_logprobs", "logit_bias",
        "prompt_cache_key", "previous_response_id", "conversation", "store", "text", "include", "deferred", "search_parameters", "service_tier", "output_config");

    private FirstNames _first;
    private int _count;
    private HashSet<string>? _rest;

    /// <summary>The text of a name that has no escape in it, if it is a usual one.</summary>
    public static string? Find(ReadOnlySpan<byte> name)
    {
        if (name.Length < Known.Length)
            foreach (var (utf8, text) in Known[name.Length])
                if (name.SequenceEqual(utf8))
                    return text;
        return null;
    }

    /// <summary>False when it stood there before.</summary>
    public bool Add(string name)
    {
        foreach (var earlier in _first[..Math.Min(_count, Few)])
            if (ReferenceEquals(earlier, name) || earlier == name)
                return false;
        if (_count >= Few)
            return (_rest ??= new HashSet<string>(StringComparer.Ordinal)).Add(name);
        _first[_count++] = name;
        return true;
    }

    private static (byte[], string)[][] ByLength(params string[] names)
    {
        var rows = new List<(byte[], string)>[names.Max(name => name.Length) + 1];
        foreach (var name in names)
            (rows[name.Length] ??= []).Add((Encoding.UTF8.GetBytes(name), name));
        return [.. rows.Select(row => row?.ToArray() ?? [])];
    }

    [InlineArray(Few)]
    private struct FirstNames
    {
        private string _name;
    }
}
