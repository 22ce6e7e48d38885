using Grpc.Core;
using Grpc.Net.Client;
using Milliways.Dialects.XaiGrpc.Protos;

var (address, key) = (args[0], args[1]);   // http://127.0.0.1:4243
using var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { MaxReceiveMessageSize = 20 << 20 });
var chat = new Chat.ChatClient(channel);
var metadata = new Metadata { { "authorization", $"Bearer {key}" } };
var request = new GetCompletionsRequest { Model = "grok-beta", MaxTokens = 64 };
request.Messages.Add(new Message { Role = MessageRole.RoleUser, Content = { new Content { Text = "Write one sentence about the sea." } } });

using var call = chat.GetCompletionChunk(request, metadata, deadline: DateTime.UtcNow.AddMinutes(27));
await foreach (var chunk in call.ResponseStream.ReadAllAsync())
    foreach (var output in chunk.Outputs)
        Console.Write(output.Delta.Content);
Console.WriteLine($"\n{call.GetTrailers().GetValue("x-milliways-cost-ticks")} ticks");

try
{
    request.Model = "no-such-model";
    await chat.GetCompletionAsync(request, metadata);
}
catch (RpcException refused) when (refused.StatusCode == StatusCode.NotFound)
{
    Console.WriteLine(refused.Status.Detail);
}
