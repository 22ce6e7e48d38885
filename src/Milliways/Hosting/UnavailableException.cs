namespace Milliways.Hosting;

/// <summary>Something that the server needs for this request is away for the moment: the caller gets 503 and may try again. The text never reaches it.</summary>
internal abstract class UnavailableException(string message, Exception? inner) : Exception(message, inner);
