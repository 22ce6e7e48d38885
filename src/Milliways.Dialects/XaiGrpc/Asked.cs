using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>What a request over gRPC asked of its answer beside the neutral members (<see cref="ChatRequest.Repeated"/>).</summary>
public static class Asked
{
    internal const string StoreMessages = "store_messages";
    internal const string PreviousResponseId = "previous_response_id";
    internal const string Include = "include";
    internal const string Compacted = "compacted";

    /// <summary>The answer shall be kept for GetStoredCompletion and for requests that continue it.</summary>
    public static bool ToStore(ChatRequest request) => request.Repeated.ContainsKey(StoreMessages);

    /// <summary>The answer that the request continues, or null.</summary>
    public static string? PreviousId(ChatRequest request) => request.Repeated.TryGetValue(PreviousResponseId, out var id) ? id.GetString() : null;

    /// <summary>How many messages of the caller's a compaction stands for.</summary>
    internal static uint CompactedMessages(ChatRequest request) => request.Repeated.TryGetValue(Compacted, out var count) ? count.GetUInt32() : 0;

    internal static bool InlineCitations(ChatRequest request) => Included(request).Contains(IncludeOption.InlineCitations);

    internal static IEnumerable<IncludeOption> Included(ChatRequest request) =>
        request.Repeated.TryGetValue(Include, out var list) ? list.EnumerateArray().Select(option => (IncludeOption)option.GetInt32()) : [];
}
