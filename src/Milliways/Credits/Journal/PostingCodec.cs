using System.Text;
using Milliways.Dialects.Chat;
using Milliways.Exchanges;

namespace Milliways.Credits.Journal;

/// <summary>
/// A posting as the bytes of a frame. The first byte is a version: a later one may append fields, and reads what this one wrote. Numbers are of variable
/// length, seven bits a byte, the lowest first; texts are UTF-8 behind their length; ids are 16 bytes.
/// </summary>
internal static class PostingCodec
{
    private const byte Version = 2;

    [ThreadStatic]
    private static PostingWriter? _writer;

    /// <summary>In an array of the shared pool; whoever has it puts it back there.</summary>
    public static ArraySegment<byte> Encode(Posting posting)
    {
        var writer = _writer ??= new PostingWriter();
        writer.Clear();
        Write(writer, posting);
        return writer.ToRented();
    }

    /// <exception cref="JournalDamagedException">A later version has written it.</exception>
    public static Posting Decode(ReadOnlyMemory<byte> payload)
    {
        using var reader = new BinaryReader(new MemoryStream(payload.ToArray()), Encoding.UTF8);
        if (reader.ReadByte() is var version && version is 0 or > Version)
            throw new JournalDamagedException($"charges.journal has a record of version {version}, this Milliways knows {Version}: start the version that wrote it.");
        var posting = new Posting
        {
            Kind = (PostingKind)reader.ReadByte(),
            Team = ReadId(reader),
            Time = ReadTime(reader),
            Overrun = reader.Read7BitEncodedInt64(),
            Reason = reader.ReadString(),
            Draws = ReadMany(reader, static from => new Draw(ReadId(from), from.Read7BitEncodedInt64())),
        };
        if (posting.Kind == PostingKind.Charge)
            posting = posting with { Charge = ReadCharge(reader, posting.Team) };
        // The first version knew one server only, which had the whole of all money.
        return version == 1 ? posting : posting with
        {
            Epoch = reader.Read7BitEncodedInt64(), Bounds = new BoundDraws(reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64()),
        };
    }

    private static void Write(PostingWriter writer, Posting posting)
    {
        writer.Write(Version);
        writer.Write((byte)posting.Kind);
        writer.Write(posting.Team);
        writer.Write(posting.Time.ToUnixTimeMilliseconds());
        writer.Write(posting.Overrun);
        writer.Write(posting.Reason);
        writer.Write(posting.Draws.Count);
        for (var i = 0; i < posting.Draws.Count; i++)
        {
            writer.Write(posting.Draws[i].Lot);
            writer.Write(posting.Draws[i].Ticks);
        }
        if (posting.Charge is { } charge)
            Write(writer, charge);
        writer.Write(posting.Epoch);
        writer.Write(posting.Bounds.Team);
        writer.Write(posting.Bounds.Key);
        writer.Write(posting.Bounds.Gateway);
    }

    private static void Write(PostingWriter writer, Charge charge)
    {
        writer.Write(charge.RequestId);
        writer.Write(charge.Payer.Key);
        WriteText(writer, charge.Payer.Gateway);
        writer.Write(charge.Time.ToUnixTimeMilliseconds());
        writer.Write(charge.Model);
        writer.Write(charge.Upstream);
        Write(writer, charge.Usage);
        writer.Write(charge.Images);
        writer.Write((byte)charge.Source);
        writer.Write((byte)charge.Ending);
        writer.Write(charge.Cost);
        WriteText(writer, charge.Tags);
        writer.Write(charge.Discarded.Count);
        foreach (var discarded in charge.Discarded)
        {
            writer.Write(discarded.Upstream);
            Write(writer, discarded.Usage);
            writer.Write(discarded.Ticks);
        }
    }

    private static void Write(PostingWriter writer, ChatUsage usage)
    {
        writer.Write(usage.Input);
        writer.Write(usage.CacheRead);
        writer.Write(usage.CacheWrite);
        writer.Write(usage.Output);
        writer.Write(usage.Reasoning);
    }

    private static Charge ReadCharge(BinaryReader reader, Guid team) => new()
    {
        RequestId = reader.ReadString(),
        Payer = new Payer(team, ReadId(reader), KeyBudget: null, ReadText(reader)),
        Time = ReadTime(reader),
        Model = reader.ReadString(),
        Upstream = reader.ReadString(),
        Usage = ReadUsage(reader),
        Images = reader.Read7BitEncodedInt64(),
        Source = (UsageSource)reader.ReadByte(),
        Ending = (Ending)reader.ReadByte(),
        Cost = reader.Read7BitEncodedInt64(),
        Tags = ReadText(reader),
        Discarded = ReadMany(reader, static from => new DiscardedCost(from.ReadString(), ReadUsage(from), from.Read7BitEncodedInt64())),
    };

    private static ChatUsage ReadUsage(BinaryReader reader) => new(
        reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64());

    private static T[] ReadMany<T>(BinaryReader reader, Func<BinaryReader, T> read)
    {
        var many = new T[reader.Read7BitEncodedInt()];
        for (var i = 0; i < many.Length; i++)
            many[i] = read(reader);
        return many;
    }

    private static void WriteText(PostingWriter writer, string? text)
    {
        writer.Write(text is not null);
        writer.Write(text ?? "");
    }

    private static string? ReadText(BinaryReader reader)
    {
        var isThere = reader.ReadBoolean();
        var text = reader.ReadString();
        return isThere ? text : null;
    }

    private static Guid ReadId(BinaryReader reader)
    {
        Span<byte> bytes = stackalloc byte[16];
        reader.BaseStream.ReadExactly(bytes);
        return new Guid(bytes);
    }

    private static DateTimeOffset ReadTime(BinaryReader reader) => DateTimeOffset.FromUnixTimeMilliseconds(reader.Read7BitEncodedInt64());
}
