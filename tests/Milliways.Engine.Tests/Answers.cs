using System.Text;

namespace Milliways.Engine.Tests;

/// <summary>A generation read to its end.</summary>
internal sealed class Answer
{
    private readonly List<StringBuilder> _texts = [];

    public List<GenerationEvent> Events { get; } = [];
    public List<GenerationEvent.Finished> Finished { get; } = [];
    public string Text => TextOf(0);
    public GenerationUsage Usage => ((GenerationEvent.Ended)Events[^1]).Usage;

    public string TextOf(int choice) => choice < _texts.Count ? _texts[choice].ToString() : "";

    public static async Task<Answer> ReadAsync(Generation generation)
    {
        var answer = new Answer();
        await foreach (var happening in generation.Events.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            answer.Events.Add(happening);
            if (happening is GenerationEvent.Text text)
            {
                while (answer._texts.Count <= text.Choice)
                    answer._texts.Add(new StringBuilder());
                answer._texts[text.Choice].Append(text.Value);
            }
            if (happening is GenerationEvent.Finished finished)
                answer.Finished.Add(finished);
        }
        return answer;
    }
}

internal static class Asking
{
    public static readonly SamplingOptions Greedy = new() { Temperature = 0, RepeatPenalty = 1 };

    public static Generation Start(this LanguageModel model, GenerationRequest request) => model.Submit(request).Generation
        ?? throw new InvalidOperationException(model.Submit(request).Refusal!.Text);

    public static async Task<Answer> AnswerAsync(this LanguageModel model, GenerationRequest request) => await Answer.ReadAsync(model.Start(request));

    public static Prompt Ask(this LanguageModel model, string question) => model.Render([new PromptMessage("user", question)]);

    /// <summary>Waits until the generation has been told of something like this.</summary>
    public static async Task<T> NextAsync<T>(this Generation generation)
        where T : GenerationEvent
    {
        while (await generation.Events.WaitToReadAsync(TestContext.Current.CancellationToken))
        {
            while (generation.Events.TryRead(out var happening))
            {
                if (happening is T wanted)
                    return wanted;
            }
        }
        throw new InvalidOperationException($"the generation ended without {typeof(T).Name}");
    }
}
