using Milliways.Linux.Files;
using Milliways.Tests.Support;

namespace Milliways.Tests.Files;

/// <summary>How the journal is written past the page cache.</summary>
public sealed class DirectWriterTests
{
    [Fact]
    public void What_is_written_piece_by_piece_at_any_place_is_in_the_file_with_zeros_to_the_end_of_its_last_block()
    {
        using var directory = new TempDirectory();
        using var file = Filled(directory, 64 << 10);
        using var writer = Open(file);
        var expected = File.ReadAllBytes(file.Name);
        var random = new Random(7);
        // One after the other, then from a place before, in the middle of what is there, and from the start.
        foreach (var (at, pieces) in new[] { (5000, 60), (3000, 3), (0, 20), (40_960, 5) })
            for (var (place, piece) = (at, 0); piece < pieces; piece++)
            {
                var bytes = new byte[random.Next(1, piece % 10 == 9 ? 9000 : 400)];
                random.NextBytes(bytes);
                Assert.True(writer.TryWrite(place, bytes));
                bytes.CopyTo(expected, place);
                place += bytes.Length;
                expected.AsSpan(place, (4096 - (place % 4096)) % 4096).Clear();
                Assert.Equal(expected, File.ReadAllBytes(file.Name));
            }
    }

    [Fact]
    public void What_the_file_has_before_it_stays_though_it_was_written_the_usual_way()
    {
        using var directory = new TempDirectory();
        using var file = Filled(directory, 8192);
        using var writer = Open(file);
        Assert.True(writer.TryWrite(100, "first"u8));
        file.Position = 0;
        file.Write("usual"u8);
        file.Flush(flushToDisk: true);
        Assert.True(writer.TryWrite(4096, "next"u8));
        Assert.True(writer.TryWrite(200, "back"u8));

        var bytes = File.ReadAllBytes(file.Name);
        Assert.Equal("usual"u8, bytes.AsSpan(0, 5));
        Assert.Equal("first"u8, bytes.AsSpan(100, 5));
        Assert.Equal("back"u8, bytes.AsSpan(200, 4));
        Assert.Equal("next"u8, bytes.AsSpan(4096, 4));
    }

    [Fact]
    public void A_file_that_cannot_be_written_past_the_cache_says_so_before_anything_is_written()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "It is asked for on Linux only.");
        using var nothing = File.OpenRead("/proc/self/status");

        Assert.Null(DirectWriter.TryOpen(nothing.SafeFileHandle));
    }

    [Fact]
    public void What_the_file_system_refuses_is_an_error_and_the_next_write_reads_what_is_there()
    {
        using var directory = new TempDirectory();
        using var file = Filled(directory, 4096);
        using var writer = Open(file);
        Assert.True(writer.TryWrite(0, "before"u8));
        try
        {
            writer.TryWrite(1L << 60, "too far"u8);
            Assert.Skip("The file system of the temporary directory takes files of any size.");
        }
        catch (IOException)
        {
            // ext4 has none so large.
        }
        Assert.True(writer.TryWrite(6, "after"u8));

        Assert.Equal("beforeafter"u8, File.ReadAllBytes(file.Name).AsSpan(0, 11));
    }

    private static FileStream Filled(TempDirectory directory, int bytes)
    {
        var all = new byte[bytes];
        Array.Fill(all, (byte)'x');
        File.WriteAllBytes(directory["file"], all);
        return new FileStream(directory["file"], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
    }

    private static DirectWriter Open(FileStream file)
    {
        var writer = DirectWriter.TryOpen(file.SafeFileHandle);
        Assert.SkipWhen(writer is null, "The file system of the temporary directory cannot be written past the page cache.");
        return writer;
    }
}
