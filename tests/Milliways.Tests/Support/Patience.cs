namespace Milliways.Tests.Support;

/// <summary>How long a test waits for a signal before it says that the signal did not come. Never a pause: a passing test waits for none of it.</summary>
internal static class Patience
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static Task Soon(this Task task) => task.WaitAsync(Limit);

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Limit);

    /// <summary>For what tells nobody. Not on the caller's thread, which may be a socket loop's: nothing would be seen while it is waited for there.</summary>
    public static async Task SeenAsync(Func<bool> what) => Assert.True(await Task.Run(() => SpinWait.SpinUntil(what, Limit)));
}

/// <summary>A door that one side waits at until the other side opens it.</summary>
internal sealed class Gate
{
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Open() => _opened.TrySetResult();

    public Task WaitAsync() => _opened.Task.Soon();
}
