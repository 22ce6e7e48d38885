using System.Buffers;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Api;

/// <summary>The three ways an error looks (xai-api 1.15.4), for paths that have no front.</summary>
internal static class ErrorWriters
{
    public static IErrorWriter Xai { get; } = new Chat(Flavour.Xai);

    public static IErrorWriter OpenAi { get; } = new Chat(Flavour.OpenAi);

    public static IErrorWriter Anthropic { get; } = new Messages();

    public static IErrorWriter Of(Flavour flavour) => flavour == Flavour.Xai ? Xai : OpenAi;

    private sealed class Chat(Flavour flavour) : IErrorWriter
    {
        public int Status(Failure failure) => Dialects.OpenAiChat.Errors.Status(failure, flavour);

        public void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Dialects.OpenAiChat.Errors.Write(failure, flavour, output);
    }

    private sealed class Messages : IErrorWriter
    {
        public int Status(Failure failure) => Dialects.Anthropic.Errors.Status(failure);

        public void WriteFailure(Failure failure, string requestId, IBufferWriter<byte> output) => Dialects.Anthropic.Errors.Write(failure, output, requestId);
    }
}
