namespace Milliways.Linux.Sockets;

/// <summary>Sees what passes on a connection, without a stream around it that would cost every read a step more.</summary>
public interface IStreamWatch
{
    /// <summary>About to be written.</summary>
    void Writing(ReadOnlySpan<byte> bytes);

    /// <summary>Bytes read, or the end (0), unless the read was an empty one, which only waits.</summary>
    /// <exception cref="IOException">What the end means here.</exception>
    void Read(int count, bool isEmpty);

    /// <summary>What it means that the connection broke.</summary>
    IOException Broken(IOException broken);
}
