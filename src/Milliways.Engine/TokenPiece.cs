namespace Milliways.Engine;

/// <summary>A token of a text.</summary>
/// <param name="Id">Its number in the vocabulary.</param>
/// <param name="Bytes">Its bytes, which may be part of a UTF-8 sequence; those of all tokens join to the text.</param>
/// <param name="Text">The bytes as text, with U+FFFD for what is no whole character.</param>
public sealed record TokenPiece(int Id, ReadOnlyMemory<byte> Bytes, string Text);
