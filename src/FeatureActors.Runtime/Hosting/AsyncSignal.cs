namespace FeatureActors.Runtime.Hosting;

/// <summary>Wakes one waiter; a signal without a waiter is kept for the next one. Safe for concurrent use.</summary>
internal sealed class AsyncSignal
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _waiter = NewWaiter();

    public void Set()
    {
        lock (_lock)
        {
            _waiter.TrySetResult();
        }
    }

    /// <summary>A task that ends with the next signal.</summary>
    public Task WaitAsync()
    {
        lock (_lock)
        {
            if (_waiter.Task.IsCompleted)
            {
                _waiter = NewWaiter();
                return Task.CompletedTask;
            }

            return _waiter.Task;
        }
    }

    private static TaskCompletionSource NewWaiter() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
