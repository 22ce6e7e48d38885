using Milliways.Dialects.Chat;

namespace Milliways.Exchanges;

/// <summary>An upstream's error answer as it came, with the failure that it was read as.</summary>
internal sealed record RefusedAnswer(Failure Failure, int Status, IReadOnlyList<(string Name, string Value)> Headers, byte[] Body);
