using Google.Protobuf;
using Milliways.Dialects.Chat;
using Milliways.Dialects.Tests.Support;
using Milliways.Dialects.XaiGrpc.Protos;

namespace Milliways.Dialects.Tests.XaiGrpc;

/// <summary>Bytes that nobody vouches for.</summary>
public sealed class WireMessageTests
{
    private static readonly byte[] Known = Grpc.Message<GetCompletionsRequest>(Grpc.User("\"user\":\"u\"")).ToByteArray();

    [Fact]
    public void Fields_of_a_newer_client_are_skipped_wherever_they_stand()
    {
        // Field 1000 as a number, 8 bytes, text, a group with a field in it, and 4 bytes; before, behind, and inside a message.
        byte[] unknown = [0xC0, 0x3E, 0x96, 0x01, 0xC1, 0x3E, 1, 2, 3, 4, 5, 6, 7, 8, 0xC2, 0x3E, 2, 0xFF, 0xFE, 0xC3, 0x3E, 0x0A, 1, 9, 0xC4, 0x3E, 0xC5, 0x3E, 1, 2, 3, 4];
        byte[] inner = [.. new Content { Text = "Hi" }.ToByteArray(), .. unknown];
        byte[] message = [0x0A, (byte)inner.Length, .. inner, 0x10, (byte)MessageRole.RoleUser, .. unknown];
        byte[] request = [.. unknown, 0x0A, (byte)message.Length, .. message, 0x12, 1, (byte)'m', .. unknown];
        var read = Dialects.XaiGrpc.RequestReader.Read(request);
        Assert.True(read.IsOk, read.Failure?.ToString());
        Assert.Equal("Hi", Assert.Single(read.Value!.Messages).Text);
    }

    [Theory]
    [InlineData("0A", "cut off")]
    [InlineData("0A05", "cut off")]
    [InlineData("0AFFFFFFFF0F", "cut off")]
    [InlineData("12FFFFFFFFFFFFFFFFFF01", "cut off")]
    [InlineData("58FFFFFFFFFFFFFFFFFFFFFF", "cut off")]
    [InlineData("750000", "cut off")]
    [InlineData("0200", "no valid tag")]
    [InlineData("0F", "no valid type")]
    [InlineData("0C", "never began")]
    [InlineData("0B", "never ends")]
    [InlineData("1202C328", "GetCompletionsRequest.model is not valid UTF-8")]
    [InlineData("0A060A040A02C328", "Content.text is not valid UTF-8")]
    public void Bytes_that_are_no_message_are_refused_in_words(string hex, string words)
    {
        var failure = Dialects.XaiGrpc.RequestReader.Read(Convert.FromHexString(hex)).Failure;
        Assert.NotNull(failure);
        Assert.Equal((FailureKind.InvalidRequest, FailureParty.Client), (failure.Kind, failure.Party));
        Assert.StartsWith("The message is not a valid xai_api.GetCompletionsRequest: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_prefix_of_a_message_is_read_or_refused()
    {
        for (var length = 0; length < Known.Length; length++)
            Assert.True(Dialects.XaiGrpc.RequestReader.Read(Known.AsMemory(0, length)) is { IsOk: true } or { Failure.Message.Length: > 0 });
    }

    [Fact]
    public void Damaged_bytes_make_no_reader_throw() => Dice.Check((dice, numbers) =>
    {
        byte[] bytes = [.. Known];
        for (var flips = 0; flips < 1 + dice.Upto(6); flips++) bytes[dice.Upto(bytes.Length)] = (byte)dice.Upto(256);
        Assert.True(Dialects.XaiGrpc.RequestReader.Read(bytes) is { IsOk: true } or { Failure.Message.Length: > 0 });
        byte[] noise = [.. numbers.Select(number => (byte)number)];
        Assert.True(Dialects.XaiGrpc.RequestReader.Read(noise) is { IsOk: true } or { Failure.Message.Length: > 0 });
        Assert.NotEmpty(Grpc.ReadStream([bytes, noise]).Events);
        Assert.NotEmpty(Grpc.ReadAnswer(bytes).Events);
    });

    /// <summary>Two bytes would make an object of two hundred: twenty megabytes of them two gigabytes.</summary>
    [Theory]
    [InlineData(0x0A)] // messages
    [InlineData(0x62)] // stop
    [InlineData(0x8A, 0x01)] // tools
    public void A_message_of_very_many_parts_is_refused_before_it_takes_memory(params int[] tag)
    {
        var bytes = new byte[4 << 20];
        for (var at = 0; at + tag.Length < bytes.Length; at += tag.Length + 1)
            for (var of = 0; of < tag.Length; of++) bytes[at + of] = (byte)tag[of];
        var length = bytes.Length / (tag.Length + 1) * (tag.Length + 1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var failure = Dialects.XaiGrpc.RequestReader.Read(bytes.AsMemory(0, length)).Failure;
        Assert.Contains("more than 200000 parts", failure?.Message, StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 100_000);
    }

    [Fact]
    public void Many_numbers_in_one_packed_field_are_counted_too()
    {
        byte[] request = [.. Known, 0xD2, 0x01, 0x80, 0x80, 0x40, .. new byte[1 << 20]];
        Assert.Contains("more than 200000 parts", Dialects.XaiGrpc.RequestReader.Read(request).Failure?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Groups_without_end_are_refused_and_do_not_run_the_stack_down()
    {
        var failure = Dialects.XaiGrpc.RequestReader.Read(Enumerable.Repeat(new byte[] { 0xC3, 0x3E }, 500_000).SelectMany(pair => pair).ToArray()).Failure;
        Assert.Contains("nested too deeply", failure?.Message, StringComparison.Ordinal);
    }
}
