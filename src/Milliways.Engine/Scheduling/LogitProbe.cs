namespace Milliways.Engine.Scheduling;

/// <summary>Sees the logits a token is chosen from, before penalties and biases. Called on the decode thread; the span dies with the call.</summary>
internal delegate void LogitProbe(int choice, int step, ReadOnlySpan<float> logits);
