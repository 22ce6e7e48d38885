using System.Text.Json;
using Milliways.Dialects.Chat;

namespace Milliways.Dialects.Anthropic;

/// <summary>What becomes of an effort or a budget at a model (dialects 4.9), and of the output bound that a budget needs room in.</summary>
internal sealed record ThinkingPlan(int MaxTokens)
{
    private const int LeastBudget = 1024;

    /// <summary>The word of <c>thinking.type</c>, or null for no member.</summary>
    public string? Type { get; private init; }

    public int? Budget { get; private init; }

    public string? Effort { get; private init; }

    /// <summary>The caller wants to see the reasoning, which the newest models hide unless told (dialects 2.6).</summary>
    public bool IsShown { get; private init; }

    public bool IsOn => Type is "enabled" or "adaptive";

    public static ThinkingPlan Of(ChatRequest request, MessagesWriteOptions options, Conversation conversation, bool hasJsonTool, ICollection<string> dropped)
    {
        var plan = new ThinkingPlan(request.MaxOutputTokens ?? options.MaxOutputTokens ?? options.DefaultMaxTokens) { IsShown = request.Thinking?.Summary is not null };
        if (request.Thinking is not { } thinking) return plan;
        if (thinking.Mode == ThinkingMode.Disabled)
            return options is { Thinking: ThinkingStyle.Adaptive, MayDisableThinking: true } ? plan with { Type = "disabled" } : plan;

        switch (options.Thinking)
        {
            case ThinkingStyle.Adaptive:
                return plan with { Type = "adaptive", Effort = Word(thinking, options.HasXhigh) };
            case ThinkingStyle.Manual when !hasJsonTool && !IsForced(request) && !HasBareCalls(conversation):
                return plan.WithBudget(thinking.BudgetTokens ?? Tokens(thinking.Effort), options.MaxOutputTokens);
            default:
                dropped.Add("reasoning_effort");
                return plan;
        }
    }

    public void Write(Utf8JsonWriter writer)
    {
        if (Type is null) return;
        writer.WriteStartObject("thinking"u8);
        writer.WriteString("type"u8, Type);
        if (Budget is { } budget) writer.WriteNumber("budget_tokens"u8, budget);
        if (IsShown && IsOn) writer.WriteString("display"u8, "summarized"u8);
        writer.WriteEndObject();
    }

    /// <summary>The budget must be below the bound: the bound is raised by it where the model allows, else the budget gives way.</summary>
    private ThinkingPlan WithBudget(int? wanted, int? most)
    {
        if (wanted is not { } tokens) return this;
        var budget = Math.Max(LeastBudget, tokens);
        var bound = MaxTokens;
        if (budget >= bound) bound = (int)Math.Min((long)bound + budget, most ?? int.MaxValue);
        if (budget >= bound) budget = bound - 1;
        return budget < LeastBudget ? this : this with { MaxTokens = bound, Type = "enabled", Budget = budget };
    }

    private static string? Word(ChatThinking thinking, bool hasXhigh) => Word(thinking) is "xhigh" && !hasXhigh ? "high" : Word(thinking);

    private static string? Word(ChatThinking thinking) => thinking.Effort switch
    {
        "minimal" => "low",
        { } word => word,
        null => thinking.BudgetTokens switch
        {
            null => null,
            <= 1024 => "low",
            <= 8192 => "medium",
            <= 24576 => "high",
            _ => "xhigh",
        },
    };

    private static int? Tokens(string? effort) => effort switch
    {
        null => null,
        "minimal" or "low" => 1024,
        "medium" => 8192,
        "high" => 24576,
        _ => 32768,
    };

    /// <summary>Manual thinking and a forced tool exclude each other (dialects 2.5).</summary>
    private static bool IsForced(ChatRequest request) => request.ToolChoice?.Mode is ToolChoiceMode.Required or ToolChoiceMode.Named;

    /// <summary>Manual thinking wants the last tool turn to begin with thinking, which Chat clients cannot give back (THK-03).</summary>
    private static bool HasBareCalls(Conversation conversation)
    {
        var last = conversation.Turns.FindLast(turn => turn.Role == ChatRole.Assistant);
        return last is not null && last.Parts.Exists(part => part is ChatPart.ToolCall) && last.Parts[0] is not (ChatPart.Thinking or ChatPart.RedactedThinking);
    }
}
