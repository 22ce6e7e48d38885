using Milliways.Engine.Native;

namespace Milliways.Engine.Scheduling;

/// <summary>One answer being generated: a sequence of the key/value cache, its sampler, and its text so far.</summary>
internal sealed class Choice(Job job, int index, int sequence, TokenSampler sampler) : IDisposable
{
    private readonly Utf8Assembler _characters = new();
    private readonly StopMatcher _stops = new(job.Request.Stop);
    private int _tokensSinceText;

    internal Job Job => job;
    internal int Sequence => sequence;

    /// <summary>Chosen, but not yet decoded.</summary>
    internal int LastToken { get; private set; }

    /// <summary>Where <see cref="LastToken"/> stands in the sequence.</summary>
    internal int Position { get; private set; } = job.Request.Prompt.Count - 1;
    internal int CompletionTokens { get; private set; }
    internal int BatchIndex { get; set; }
    internal bool IsFinished { get; private set; }

    /// <summary>Chooses the next token and tells the reader what became of it.</summary>
    internal void Advance(ContextHandle context, int batchIndex, Vocabulary vocabulary)
    {
        job.Request.Probe?.Invoke(index, CompletionTokens, sampler.Logits(context, batchIndex));
        var token = sampler.Next(context, batchIndex);
        if (vocabulary.EndsGeneration(token))
        {
            Emit(Rest());
            Finish(_stops.Found is null ? FinishReason.Stop : FinishReason.StopSequence);
            return;
        }

        LastToken = token;
        Position++;
        CompletionTokens++;
        _tokensSinceText++;
        var text = _stops.Append(_characters.Append(vocabulary.Bytes(token)));
        var last = CompletionTokens == job.MaxTokens;
        Emit(last && _stops.Found is null ? text + Rest() : text);
        if (_stops.Found is not null)
            Finish(FinishReason.StopSequence);
        else if (last)
            Finish(job.LimitReason);
    }

    internal void Finish(FinishReason reason)
    {
        IsFinished = true;
        job.CompletionTokens += CompletionTokens;
        job.ChoicesLeft--;
        job.Generation.Write(new GenerationEvent.Finished(index, reason, _stops.Found, CompletionTokens));
    }

    public void Dispose() => sampler.Dispose();

    // What was held back can no longer become a stop sequence.
    private string Rest() => _stops.Found is null ? _stops.Flush() : "";

    private void Emit(string text)
    {
        if (text.Length == 0)
            return;
        job.Generation.Write(new GenerationEvent.Text(index, text, _tokensSinceText));
        _tokensSinceText = 0;
    }
}
