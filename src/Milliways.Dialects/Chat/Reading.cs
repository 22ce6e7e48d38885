using System.Diagnostics.CodeAnalysis;

namespace Milliways.Dialects.Chat;

/// <summary>A value, or the failure that kept it from being read. Bad input is not an exception.</summary>
public readonly struct Reading<T> where T : class
{
    private Reading(T? value, Failure? failure) => (Value, Failure) = (value, failure);

    public T? Value { get; }

    public Failure? Failure { get; }

    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Failure))]
    public bool IsOk => Failure is null;

    public static implicit operator Reading<T>(T value) => new(value, null);

    public static implicit operator Reading<T>(Failure failure) => new(null, failure);
}
