using System.Text;
using Google.Protobuf;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.XaiGrpc;

/// <summary>LogProbs; tokens whose bytes the upstream did not tell have those of their text.</summary>
internal static class LogprobWriter
{
    public static LogProbs Of(IEnumerable<TokenLogprob> tokens)
    {
        var message = new LogProbs();
        foreach (var token in tokens)
        {
            var entry = new LogProb { Token = token.Token, Logprob = (float)token.Logprob, Bytes = Bytes(token) };
            foreach (var top in token.Top) entry.TopLogprobs.Add(new TopLogProb { Token = top.Token, Logprob = (float)top.Logprob, Bytes = Bytes(top) });
            message.Content.Add(entry);
        }

        return message;
    }

    private static ByteString Bytes(TokenLogprob token) => ByteString.CopyFrom(token.Bytes is { } bytes ? [.. bytes] : Encoding.UTF8.GetBytes(token.Token));
}
