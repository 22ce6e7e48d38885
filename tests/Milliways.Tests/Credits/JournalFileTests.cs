using Milliways.Credits.Journal;
using Milliways.Simulation;
using Milliways.Tests.Support;

namespace Milliways.Tests.Credits;

/// <summary>Durability is proved here: what was acknowledged is there in every image that a crash can leave, and what cannot be read is told.</summary>
public sealed class JournalFileTests
{
    private const long Area = 8 << 10;
    private static readonly Guid Id = new("00000000-0000-0000-0000-00000000000a");

    [Fact]
    public void After_a_crash_at_any_write_everything_acknowledged_is_there_in_order_and_nothing_else() => Dice.Check(dice =>
    {
        var (disk, acknowledged, written, mark) = (new SimulatedDisk { IsDirect = dice.Flip() }, 0L, 0L, 0L);
        JournalFile? journal = null;
        void Begin()
        {
            journal = Open(disk);
            journal.Begin(mark);
            // Anything may be the image of a crash: after every write and every flush one is taken, opened and read.
            disk.Done = _ => Check(disk.Crash(dice.Upto), acknowledged, written, mark);
        }
        Begin();
        for (var step = 0; step < 25; step++)
        {
            var batch = Enumerable.Range(0, dice.Upto(4) + 1).Select(_ => Payload(++written, dice.Upto(300))).ToList();
            if (!journal!.HasSpaceFor(batch.Sum(payload => JournalFrame.SizeOf(payload.Length))))
            {
                written -= batch.Count;
                journal.HasApplied(mark = acknowledged);
                continue;
            }
            journal.Write(batch);
            acknowledged = written;
            Assert.Equal(acknowledged, journal.Last);
            if (dice.Upto(3) == 0)
                journal.HasApplied(mark = mark + dice.Upto((int)(acknowledged - mark) + 1));
            if (dice.Upto(6) != 0)
                continue;
            disk = disk.Crash(dice.Upto);
            acknowledged = written = mark = Check(disk, acknowledged, written, mark);
            Begin();
        }
    }, tests: 60);

    [Fact]
    public void Every_byte_of_an_acknowledged_record_matters()
    {
        var disk = new SimulatedDisk();
        var journal = Open(disk);
        journal.Begin(0);
        for (var i = 1; i <= 3; i++)
            journal.Write([Payload(i, 20)]);
        var frame = JournalFrame.SizeOf(28);
        var second = (2 * JournalHeader.SlotBytes) + frame;
        for (var at = second; at < second + JournalFrame.HeadBytes + 28; at++)
        {
            var damaged = disk.With(image => image[at] ^= 0x10);
            var opened = Open(damaged);
            Assert.Contains($"damaged at byte {second}", Assert.Throws<JournalDamagedException>(() => opened.Begin(0)).Message, StringComparison.Ordinal);
            Assert.Throws<JournalDamagedException>(() => Open(damaged).Begin(2));
            Open(damaged).Begin(3); // the books have all of it: nothing is lost
        }
    }

    [Fact]
    public void A_torn_end_is_an_end_and_not_damage()
    {
        var disk = new SimulatedDisk();
        var journal = Open(disk);
        journal.Begin(0);
        journal.Write([Payload(1, 20)]);
        journal.Write([Payload(2, 20), Payload(3, 20), Payload(4, 20)]);
        var third = (2 * JournalHeader.SlotBytes) + 2 * JournalFrame.SizeOf(28);
        var opened = Open(disk.With(image => image[third + 30] ^= 1));
        Assert.Equal([1, 2], opened.Found.Select(found => found.Sequence));
        opened.Begin(0);
        Assert.Equal(2, opened.Last);
    }

    [Fact]
    public void What_is_left_of_an_older_round_is_never_read_again()
    {
        var disk = new SimulatedDisk();
        var journal = Open(disk);
        journal.Begin(0);
        journal.Write([Payload(1, 20), Payload(2, 20), Payload(3, 20)]);
        journal = Open(disk);
        journal.Begin(3);
        journal.Write([Payload(4, 20)]);
        Assert.Equal([4], Open(disk).Found.Select(found => found.Sequence));

        // Of three that nobody was told of the power left the last two: their numbers would follow the first one of the next round, which are others.
        disk = new SimulatedDisk();
        journal = Open(disk);
        journal.Begin(0);
        journal.Write([Payload(1, 20), Payload(2, 20), Payload(3, 20)]);
        disk = disk.With(image => image.AsSpan(2 * JournalHeader.SlotBytes, JournalFrame.HeadBytes).Clear());
        journal = Open(disk);
        Assert.Empty(journal.Found);
        journal.Begin(0);
        journal.Write([Payload(1, 20)]);
        Assert.Equal([1], Open(disk).Found.Select(found => found.Sequence));
    }

    [Fact]
    public void The_file_does_not_grow_when_the_books_keep_up_and_is_two_areas_when_they_do_not()
    {
        var disk = new SimulatedDisk();
        var journal = Open(disk);
        journal.Begin(0);
        for (var i = 1; i <= 1000; i++)
        {
            journal.Write([Payload(i, 200)]);
            journal.HasApplied(i);
        }
        Assert.True(disk.Image.Length <= 2 * JournalHeader.SlotBytes + Area);
        var last = 1000L;
        while (journal.HasSpaceFor(JournalFrame.SizeOf(208)))
            journal.Write([Payload(++last, 200)]);
        Assert.True(last > 1000 + Area / 300);
        Assert.True(disk.Image.Length <= 2 * JournalHeader.SlotBytes + 2 * Area);
        Assert.Equal(Enumerable.Range(1001, (int)last - 1000).Select(number => (long)number), Open(disk).Found.Select(found => found.Sequence).Where(sequence => sequence > 1000));
    }

    [Fact]
    public void A_database_that_is_older_than_the_journal_is_told()
    {
        var disk = new SimulatedDisk();
        var journal = Open(disk);
        journal.Begin(0);
        journal.Write([Payload(1, 20), Payload(2, 20)]);
        journal = Open(disk);
        journal.Begin(2);
        Assert.Contains("the database is older than the journal", Assert.Throws<JournalDamagedException>(() => Open(disk).Begin(1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sequences_go_on_behind_the_books_when_the_journal_is_the_older_one()
    {
        var journal = Open(new SimulatedDisk());
        journal.Begin(mark: 17);
        journal.Write([Payload(18, 20)]);
        Assert.Equal(18, journal.Last);
    }

    [Fact]
    public void A_file_that_is_no_journal_is_told_and_left_alone()
    {
        var disk = new SimulatedDisk();
        using (var file = disk.Open())
            file.Write(0, new byte[20000].Select((_, i) => (byte)i).ToArray());
        Assert.Throws<JournalDamagedException>(() => Open(disk));
        Assert.Equal(20000, disk.Image.Length);
    }

    [Theory]
    [InlineData("write")]
    [InlineData("flush")]
    public void After_a_failed_write_the_records_of_it_are_gone_for_good(string operation)
    {
        var disk = new SimulatedDisk();
        var journal = Open(disk);
        journal.Begin(0);
        journal.Write([Payload(1, 20)]);
        disk.Faults = (what, size) => what == operation ? (new IOException("no"), size) : null;
        Assert.Throws<IOException>(() => journal.Write([Payload(2, 20), Payload(3, 20)]));
        Assert.True(journal.IsSuspect);
        Assert.Throws<InvalidOperationException>(journal.Recover); // the books do not have 1 yet
        journal.HasApplied(1);
        Assert.Throws<IOException>(journal.Recover);
        disk.Faults = null;
        journal.Recover();
        Assert.Equal((false, 1), (journal.IsSuspect, journal.Last));
        journal.Write([Payload(77, 20)]);
        var found = Assert.Single(Open(disk).Found, frame => frame.Sequence > 1);
        Assert.Equal((2, 77), (found.Sequence, BitConverter.ToInt64(found.Payload.Span)));
    }

    [Fact]
    public void Without_flushing_nothing_is_flushed()
    {
        var (disk, flushes) = (new SimulatedDisk(), 0);
        disk.Done = operation => flushes += operation == "flush" ? 1 : 0;
        var journal = JournalFile.Open(disk.Open, Id, flushes: false, Area, 4096);
        journal.Begin(0);
        journal.Write([Payload(1, 20)]);
        Assert.Equal(0, flushes);
        Assert.Equal([1], JournalFile.Open(disk.Kill().Open, Id, flushes: false, Area, 4096).Found.Select(found => found.Sequence));
    }

    [Fact]
    public void The_file_on_the_disk_is_private_and_kept_by_one()
    {
        using var directory = new TempDirectory();
        var path = directory["charges.journal"];
        using (var journal = JournalFile.Open(() => new DiskFile(path), Id))
        {
            journal.Begin(0);
            journal.Write([Payload(1, 20)]);
            Assert.Throws<IOException>(() => new DiskFile(path));
        }
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        using var again = JournalFile.Open(() => new DiskFile(path), Id);
        Assert.Equal([1], again.Found.Select(found => found.Sequence));
    }

    /// <summary>Opens an image, compares, and returns how many records it has.</summary>
    private static long Check(SimulatedDisk image, long acknowledged, long written, long mark)
    {
        var journal = Open(image);
        journal.CheckAgainst(mark);
        var last = mark;
        foreach (var frame in journal.Found.Where(frame => frame.Sequence > mark))
        {
            Assert.Equal(++last, frame.Sequence);
            Assert.Equal(frame.Sequence, BitConverter.ToInt64(frame.Payload.Span));
        }
        Assert.InRange(last, acknowledged, written);
        return last;
    }

    private static JournalFile Open(SimulatedDisk disk) => JournalFile.Open(disk.Open, Id, flushes: true, Area, stepBytes: 4096);

    private static ReadOnlyMemory<byte> Payload(long number, int more) => (byte[])[.. BitConverter.GetBytes(number), .. Enumerable.Repeat((byte)number, more)];
}
