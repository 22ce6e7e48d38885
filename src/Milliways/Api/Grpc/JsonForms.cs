using System.Text.Json;
using Google.Protobuf;
using Milliways.Dialects.Chat;
using Milliways.Dialects.XaiGrpc;
using Milliways.Dialects.XaiGrpc.Protos;
using Milliways.Exchanges;
using Milliways.Upstreams;

namespace Milliways.Api.Grpc;

/// <summary>How the messages of one method and REST's JSON correspond (xai-api 3.4, 3.6).</summary>
internal interface IJsonForm<TRequest>
{
    /// <summary>The front that serves such a request over REST.</summary>
    IFront RestOf(TRequest request);

    /// <summary>The request's JSON; a failure names the field that has no place in it.</summary>
    Reading<byte[]> Write(TRequest request);

    /// <summary>The answer's message. Throws what <see cref="JsonElement"/> throws when the JSON is not of the form.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="answer">The whole JSON of the answer, the cost in its usage.</param>
    /// <param name="model">Of the upstream, for answers that name none.</param>
    IMessage Read(TRequest request, JsonElement answer, string model);
}

internal sealed class TokenizeCall : IJsonForm<TokenizeTextRequest>
{
    private static readonly PlainFront Rest = new(Operation.TokenizeText, Flavour.Xai, "token_ids");

    public IFront RestOf(TokenizeTextRequest request) => Rest;

    public Reading<byte[]> Write(TokenizeTextRequest request) => TokenizeForm.Write(request);

    public IMessage Read(TokenizeTextRequest request, JsonElement answer, string model) => TokenizeForm.Read(answer, model);
}

internal sealed class EmbedCall : IJsonForm<EmbedRequest>
{
    private static readonly PlainFront Rest = new(Operation.Embeddings, Flavour.Xai, "data");

    public IFront RestOf(EmbedRequest request) => Rest;

    public Reading<byte[]> Write(EmbedRequest request) => EmbedForm.Write(request);

    public IMessage Read(EmbedRequest request, JsonElement answer, string model) => EmbedForm.Read(request, answer, model);
}

internal sealed class ImageCall : IJsonForm<GenerateImageRequest>
{
    private static readonly PlainFront Generations = new(Operation.ImageGenerations, Flavour.Xai, "data");
    private static readonly PlainFront Edits = new(Operation.ImageEdits, Flavour.Xai, "data");

    public IFront RestOf(GenerateImageRequest request) => ImageForm.IsEdit(request) ? Edits : Generations;

    public Reading<byte[]> Write(GenerateImageRequest request) => ImageForm.Write(request);

    public IMessage Read(GenerateImageRequest request, JsonElement answer, string model) => ImageForm.Read(answer, model);
}
